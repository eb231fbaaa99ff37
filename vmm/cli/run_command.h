// `pagoda run`: boots a guest, shows its output, and ends with its exit code.
#pragma once

#include <CLI/CLI.hpp>

namespace vmm {

// Adds the command to `app`. When it is selected, parsing runs it and stores the exit code of the process in
// `exit_code`, which must outlive `app`. See exit_codes.h.
void AddRunCommand(CLI::App& app, int& exit_code);

}  // namespace vmm
