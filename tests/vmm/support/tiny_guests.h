// The guests of tests/vmm/guests by name: linked ELF files that the test program carries inside itself.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace vmm_test {

// Empty when there is no such guest.
[[nodiscard]] std::span<const std::byte> TinyGuest(std::string_view name);

}  // namespace vmm_test
