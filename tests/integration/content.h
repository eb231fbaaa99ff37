// What is in the files of tests, and how it is compared with what a guest says.
#pragma once

#include <cstddef>
#include <string>

namespace integration {

// As `sha256sum` prints it.
[[nodiscard]] std::string Sha256(const std::string& content);

// No two pages alike, so that a page in the wrong place shows.
[[nodiscard]] std::string RandomContent(size_t size);

}  // namespace integration
