// What to fetch ahead of a guest, and when: the reads of one object in a recorded run, against those of this run.
//
// The plan is cut into steps. Two are fetched at once, and the next one when the guest arrives at the step before the
// last; so what lies ahead of the guest is bounded. How do we know that it arrives, when everything is there already?
// One page at the start of each step is left out on purpose: its fault is the guest's sign of life, and costs one
// request for each step.
//
//   step      0         1         2         3        ...
//            |.........|t........|t........|t.......|          t: left out
//   fetched   at once   at once   at t1     at t2              (t1 starts step 2, t2 starts step 3, ...)
//
// A guest that goes elsewhere does not come to the next t, and nothing more is fetched. One that comes to a place
// further on is followed there. One that asks again for what was fetched already has lost it before it was used: then
// less is fetched ahead, and in the end nothing.
//
// Pure: no threads, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "devices/pager/replay/working_set.h"

namespace pager::replay {

struct PlanOptions {
  uint64_t step_bytes = uint64_t{8} << 20;
  size_t step_reads = 64;
};

class Plan {
 public:
  Plan(std::vector<ReadRange> reads, const PlanOptions& options);

  // What to fetch next, in ascending order and without overlaps; no ranges: nothing for now.
  struct Fetch {
    size_t step = 0;
    std::vector<ReadRange> ranges;
  };
  [[nodiscard]] Fetch TakeStep();
  // All of that step is with the guest.
  void OnFetched(size_t step) { steps_[step].fetched = true; }

  // The guest has asked for this.
  void OnRead(const ReadRange& read);

  // Nothing is fetched any more.
  void Stop() { stopped_ = true; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  // The guest asked for so much that is not in the plan that it has gone elsewhere.
  [[nodiscard]] bool diverged() const { return strangers_ > kMostStrangers; }

  [[nodiscard]] size_t size() const { return reads_.size(); }

 private:
  struct Step {
    size_t first;  // indices of reads_
    size_t end;
    bool fetched = false;
  };
  // How many reads in a row may be strangers.
  static constexpr size_t kMostStrangers = 64;
  // Of the reads of a step, so many may be asked for again before less is fetched ahead: one in four.
  static constexpr size_t kLostShare = 4;

  [[nodiscard]] std::optional<size_t> Find(const ReadRange& read) const;
  [[nodiscard]] size_t StepOf(size_t index) const;
  [[nodiscard]] bool HasMark(size_t step) const;
  void ArriveAt(size_t step);

  std::vector<ReadRange> reads_;
  std::vector<Step> steps_;
  std::vector<std::pair<uint64_t, size_t>> by_offset_;  // start of a read, its index; ascending
  uint64_t longest_ = 0;                                // read, bytes
  size_t ahead_ = 1;                                    // steps to fetch beyond the one the guest is in
  size_t at_ = 0;                                       // the step that the guest is in
  size_t next_step_ = 0;                                // to be fetched
  size_t lost_ = 0;                                     // reads in a row of what was fetched already
  size_t strangers_ = 0;                                // reads in a row of what is not in the plan
  bool stopped_ = false;
};

}  // namespace pager::replay
