// `pagoda check`: whether this host can run guests and, where it cannot, what to do about it.
#pragma once

#include <CLI/CLI.hpp>

namespace vmm {

// Adds the command to `app`. When it is selected, parsing runs it and stores the exit code of the process (0 or 125) in
// `exit_code`, which must outlive `app`.
void AddCheckCommand(CLI::App& app, int& exit_code);

}  // namespace vmm
