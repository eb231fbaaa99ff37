// Replays a working set: puts a ReplaySource before each page source that the set knows, and counts what that spares.
//
// Threads: Wrap from any; statistics from any. The report is called by whoever calls Wrap.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "devices/pager/page_source.h"
#include "devices/pager/replay/replay_source.h"
#include "devices/pager/replay/working_set.h"

namespace pager::replay {

class Replayer {
 public:
  // `guest_memory`: bytes; a step of a plan is a small part of it.
  // `report` gets a line, without its end, for each object that is not what it was.
  Replayer(const WorkingSet& set, uint64_t guest_memory, std::function<void(const std::string&)> report);

  // For a source that was opened as `name`: the source to use. The same one gets the same answer as long as it is open.
  // The replayer outlives what it returns.
  [[nodiscard]] std::shared_ptr<PageSource> Wrap(std::string_view name, std::shared_ptr<PageSource> source);

  struct Statistics {
    uint64_t recorded_reads;  // of the objects that were opened and are what they were
    uint64_t reads;           // of this run for those
    uint64_t pages_fetched;
    uint64_t objects_stopped;
  };
  [[nodiscard]] Statistics statistics() const;

 private:
  struct Object {
    RecordedObject recorded;
    std::vector<ReadRange> reads;
    bool counted = false;   // in recorded_reads_
    bool reported = false;  // that it has changed
  };
  [[nodiscard]] bool IsUnchanged(Object& object, const PageSource& source);

  const PlanOptions options_;
  const std::function<void(const std::string&)> report_;
  ReplayCounters counters_;

  mutable std::mutex mutex_;                                       // guards what follows
  std::map<std::string, Object, std::less<>> objects_;             // by name
  std::map<const PageSource*, std::weak_ptr<ReplaySource>> open_;  // by what they wrap
  uint64_t recorded_reads_ = 0;
};

}  // namespace pager::replay
