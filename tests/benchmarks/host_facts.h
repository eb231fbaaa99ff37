// What the figures depend on and cannot be seen in them: the machine.
#pragma once

#include <string>

namespace bench {

// More runnable processes than this, before we have started anything, and the figures are not worth keeping.
inline constexpr double kQuietLoad = 1.0;

struct HostFacts {
  std::string cpu_model;
  unsigned cpu_count;
  double tsc_frequency;  // Hz, measured
  std::string kernel;    // release
  std::string kvm;       // which kind, in words
  std::string date;      // day, UTC
  double load;           // mean number of runnable processes in the last minute
};

// Takes 20 ms, to compare the time stamp counter with the clock. What cannot be found out is "unknown".
[[nodiscard]] HostFacts GatherHostFacts();

}  // namespace bench
