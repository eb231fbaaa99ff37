// Sizes and times of the command line (devices/core/values.h), with the error line of the monitor.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "vmm/base/error.h"

namespace vmm {

// "256M", "1G", "65536K", "1073741824": a decimal number of bytes, KiB, MiB or GiB.
Result<uint64_t> ParseSize(std::string_view text);

// "10", "10s", "500ms", "2m": a decimal number of seconds, or of what the unit says. Not zero, at most a year.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace vmm
