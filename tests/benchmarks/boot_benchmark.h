// What a user pays before a program runs: the time from starting `pagoda run` to the first instruction of main, and the
// memory that the monitor holds beside the guest's RAM.
#pragma once

#include <optional>

#include "tests/benchmarks/report.h"

namespace bench {

struct BootOptions {
  int runs = 20;
  int cpus = 1;
};

// Empty if a run failed; what the monitor said about it is on standard error.
std::optional<Report> MeasureBoot(const BootOptions& options);

}  // namespace bench
