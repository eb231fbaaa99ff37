// `pagoda image pack|list|extract`: boot images from the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace vmm {

// Adds the command `image` to `app`. When the command line selects it, parsing runs it and stores the exit code of the
// process in `exit_code`, which must outlive `app`: 0, or 2 for bad input, or what the Error says. A failure has
// printed its one line to standard error by then.
void AddImageCommand(CLI::App& app, int& exit_code);

}  // namespace vmm
