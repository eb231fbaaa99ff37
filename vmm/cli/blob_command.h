// `pagoda blob create|verify|cat`: blobs, which `--pager NAME=blob:PATH` serves, from the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace vmm {

// Adds the command `blob` to `app`. When the command line selects it, parsing runs it and stores the exit code of the
// process in `exit_code`, which must outlive `app`: 0, or 2 for bad input, or what the Error says. A failure has
// printed its one line to standard error by then.
void AddBlobCommand(CLI::App& app, int& exit_code);

}  // namespace vmm
