// What system calls and page faults cost a guest program, as the guest program bench-probe measures them.
#pragma once

#include <optional>

#include "tests/benchmarks/report.h"

namespace bench {

struct GuestOptions {
  int runs = 5;
  int cpus = 1;
};

// One sample for each run. Empty if a run failed; what the monitor said about it is on standard error.
std::optional<Report> MeasureGuest(const GuestOptions& options);

}  // namespace bench
