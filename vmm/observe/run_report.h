// What a run did, in numbers: as a table for people and as JSON for programs (README.md has its schema).
//
// A value: collected once, at any time, from whoever counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/abi/observation.h"
#include "vmm/machine/exit_counters.h"
#include "vmm/observe/port_statistics.h"

namespace vmm {

// Of --replay-working-set.
struct ReplayStatistics {
  uint64_t recorded_requests = 0;  // READs of the run that was recorded, of objects that are replayed
  uint64_t seen_requests = 0;      // READs of this run for the same objects
  uint64_t prefetched_pages = 0;
  uint64_t stopped_objects = 0;  // where the run went elsewhere, so that nothing more was fetched

  // The share of the recorded requests that this run did not have to make, 0 to 1.
  [[nodiscard]] double removed_share() const;
};

struct RunReport {
  std::chrono::nanoseconds elapsed{0};  // since the machine started
  std::vector<ObjectStatistics> objects;
  std::optional<pagoda::abi::GuestCounters> guest;
  std::vector<ExitCounts> cpus;
  std::optional<ReplayStatistics> replay;

  [[nodiscard]] ObjectStatistics total() const;
};

// Several lines, each with its end.
[[nodiscard]] std::string ReportTable(const RunReport& report);
// One line, with its end.
[[nodiscard]] std::string ReportJson(const RunReport& report);

// Bytes for a second, as people say it: 0 when no time has passed.
[[nodiscard]] double MegabytesPerSecond(uint64_t pages, std::chrono::nanoseconds elapsed);

}  // namespace vmm
