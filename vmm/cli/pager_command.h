// `pagoda pager`: runs a pager as a process of its own, for monitors that attach with `--pager NAME=unix:PATH`.
#pragma once

#include <CLI/CLI.hpp>

namespace vmm {

// Adds the command to `app`. When it is selected, parsing runs it until SIGINT or SIGTERM and stores the exit code of
// the process in `exit_code`, which must outlive `app`: 0 when a signal ended it, 2 when the pager or the socket cannot
// be had.
void AddPagerCommand(CLI::App& app, int& exit_code);

}  // namespace vmm
