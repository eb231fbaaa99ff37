// Text that may be anything as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace vmm {

// In quotes. What is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string JsonString(std::string_view text);

// The same without quotes and escapes.
[[nodiscard]] std::string ValidUtf8(std::string_view text);

}  // namespace vmm
