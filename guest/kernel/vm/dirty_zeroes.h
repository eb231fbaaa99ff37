// The parts of an object that read as zero and whose source does not know that yet: they grew, or were zeroed.
//
// Each range is as long as can be: a page in between, or an index that is not a dirty zero, ends it. Writeback of a
// range goes from its front: what is being written back is always a prefix, which a begin that starts further in does
// not touch, which stays with the pieces when the range is cut in two, and which is off for what is zeroed anew.
//
//                     end (exclusive)
//     first |=======|-----------|           = awaiting clean, up to `awaiting_end`
//
// Kernel lock held for every call.
#pragma once

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/interval_set.h"

namespace gk {

class DirtyZeroes {
 public:
  struct Range : HeapObject, Interval<Range> {
    PageIndex awaiting_end = 0;  // at or below `first`: none
  };

  DirtyZeroes() = default;
  ~DirtyZeroes();

  [[nodiscard]] bool Contains(PageIndex index) const { return ranges_.Find(index) != nullptr; }
  // The range that contains `index`, or else the next; null when there is none. Valid until the next change.
  [[nodiscard]] const Range* FindBeyond(PageIndex index) const { return ranges_.FindBeyond(index); }

  // Makes the next Add or Remove safe. ZX_ERR_NO_MEMORY.
  Result<> Prepare();
  // [first, end) has become zero, or was already. Precondition: Prepare since the last time.
  void Add(PageIndex first, PageIndex end);
  // [first, end) is no dirty zero any more. Precondition: Prepare since the last time, unless `end` is UINT64_MAX or
  // the front of each range that is hit lies in [first, end).
  void Remove(PageIndex first, PageIndex end);

  // Writeback of [first, end) begins, and has ended. FindCleaned gives the next part that is clean by that, the lowest
  // first, which the caller removes; an empty one when there is none left.
  void BeginWriteback(PageIndex first, PageIndex end);
  struct Part {
    PageIndex first = 0;
    PageIndex end = 0;
  };
  [[nodiscard]] Part FindCleaned(PageIndex first, PageIndex end) const;

 private:
  void AddMissing(PageIndex first, PageIndex end);

  IntervalSet<Range> ranges_;
  Range* spare_ = nullptr;  // owned
};

}  // namespace gk
