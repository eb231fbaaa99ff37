// What to fetch ahead of a guest, and in which order: the reads of one object in a recorded run, against those of this
// run.
//
// They are fetched in steps, one after the other. How far that may be ahead of the guest says the guest, by whether it
// takes supplies (VmoControl::AwaitRoom); what it uses of them is not seen here. Seen is what it reads itself:
//
//   what was not fetched yet        it has overtaken, or jumped there: fetching goes on from behind that
//   what is in no recorded read,    it has gone elsewhere: nothing is fetched until it comes back
//   many times
//   what was fetched, a large       pages were given up before they were used: nothing is fetched any more
//   part of it
//
// Pure: no threads, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "devices/pager/replay/working_set.h"
#include "shared/base/range.h"

namespace pager::replay {

struct PlanOptions {
  uint64_t step_bytes = uint64_t{8} << 20;
  size_t step_reads = 64;
};

class Plan {
 public:
  Plan(std::vector<ReadRange> reads, const PlanOptions& options);

  // What to fetch next, without overlaps; no ranges: nothing for now. In the order of the recorded run, where the guest
  // uses the first first; in the order of offsets if that makes far fewer ranges of them.
  struct Fetch {
    size_t step = 0;  // counts from 0
    std::vector<ReadRange> ranges;
  };
  [[nodiscard]] Fetch TakeStep();
  // All of that step is with the guest.
  void OnFetched(size_t step);

  // The guest has asked for this. The recorded read that it belongs to, if that is not known to be with the guest.
  std::optional<size_t> OnRead(const ReadRange& read);
  // Whether that one has not been taken yet.
  [[nodiscard]] bool IsAhead(size_t read) const { return read >= next_; }
  // The guest asks for that one itself, with a read of `length` bytes: what is left of it, if the guest is not going to
  // ask for that too, is fetched next, and nothing before it.
  void GoOnBehind(size_t read, uint64_t length);

  // Nothing is fetched any more.
  void Stop() { stopped_ = true; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  // The guest asked for so much that is not in the plan that it has gone elsewhere.
  [[nodiscard]] bool diverged() const { return strangers_ > kMostStrangers; }

  [[nodiscard]] size_t size() const { return reads_.size(); }
  [[nodiscard]] const PlanOptions& options() const { return options_; }

 private:
  struct Step {
    size_t first;  // indices of reads_
    size_t end;
  };
  // How many reads in a row may be strangers.
  static constexpr size_t kMostStrangers = 64;
  // A read as long is one of a stream: the guest asks for so many from there on without waiting for us.
  static constexpr uint64_t kStreamBytes = 64 * base::kPageSize;
  static constexpr size_t kLead = 3;
  // Of kLostWindow reads of the plan one in kLostShare may be asked for again although it was fetched.
  static constexpr size_t kLostWindow = 64;
  static constexpr size_t kLostShare = 4;

  [[nodiscard]] std::optional<size_t> Find(const ReadRange& read) const;
  void OnLost(size_t index);

  const PlanOptions options_;
  std::vector<ReadRange> reads_;
  std::vector<bool> fetched_;                           // of each: it is with the guest, or was
  std::vector<std::pair<uint64_t, size_t>> by_offset_;  // start of a read, its index; ascending
  uint64_t longest_ = 0;                                // read, bytes
  std::vector<Step> steps_;                             // those that were taken
  size_t at_ = 0;                                       // the furthest read that the guest was seen at
  size_t next_ = 0;                                     // the read with which the next step begins
  size_t lost_from_ = 0;                                // reads from this one on are considered:
  size_t lost_ = 0;                                     // so many of them were asked for although fetched
  size_t strangers_ = 0;                                // reads in a row of what is not in the plan
  bool stopped_ = false;
};

}  // namespace pager::replay
