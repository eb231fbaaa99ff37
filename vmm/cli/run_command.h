// `pagoda run`: boots a guest, shows its output, and ends with its exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vmm {

// Adds the command to `app`. When it is selected, parsing runs it and stores the exit code of the process in
// `exit_code`, which must outlive `app`. See exit_codes.h. `behind_dashes`: what of the command line stood behind "--"
// and is not shown to `app`, because CLI11 would take an argument like "[a,b]" for a list of its own.
void AddRunCommand(CLI::App& app, int& exit_code, std::vector<std::string> behind_dashes = {});

}  // namespace vmm
