// The monitor's own log: to standard error, off unless the user asks. The guest's output never goes through it.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>
#include <vector>

#include "vmm/base/error.h"

namespace vmm {

// The names that SetLogLevel takes, from the most to the least talkative.
[[nodiscard]] std::vector<std::string> LogLevelNames();

// Precondition: `level` is one of LogLevelNames(). Call once, before there are other threads.
void SetLogLevel(std::string_view level);

}  // namespace vmm
