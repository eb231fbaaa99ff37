// How sizes and times are written on a command line. nullopt: the text is none; the caller says so in its own words.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dev {

// "256M", "1G", "65536K", "1073741824": a decimal number of bytes, KiB, MiB or GiB.
std::optional<uint64_t> ParseSize(std::string_view text);

// "10", "10s", "500ms", "2m": a decimal number of seconds, or of what the unit says. At most a year.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace dev
