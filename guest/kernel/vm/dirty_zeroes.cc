#include "guest/kernel/vm/dirty_zeroes.h"

#include <new>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"

namespace gk {

DirtyZeroes::~DirtyZeroes() {
  Remove(0, UINT64_MAX);
  delete spare_;
}

Result<> DirtyZeroes::Prepare() {
  if (spare_ == nullptr) {
    spare_ = new (std::nothrow) Range;
  }
  return spare_ != nullptr ? Result<>() : Error(ZX_ERR_NO_MEMORY);
}

// Gap by gap. After the first gap there is a range to the left of each further one, so one spare is enough.
void DirtyZeroes::Add(PageIndex first, PageIndex end) {
  while (first < end) {
    const Range* present = ranges_.FindBeyond(first);
    if (present != nullptr && present->first <= first) {
      first = present->end;
      continue;
    }
    const PageIndex gap_end = present != nullptr ? Min(end, present->first) : end;
    AddMissing(first, gap_end);
    first = gap_end;
  }
}

// Joins its neighbours. What was being written back of the one to the right is no prefix any more.
void DirtyZeroes::AddMissing(PageIndex first, PageIndex end) {
  Range* left = first != 0 ? ranges_.Find(first - 1) : nullptr;
  Range* right = ranges_.Find(end);
  if (left == nullptr && right == nullptr) {
    GK_ASSERT(spare_ != nullptr);
    Range& added = *std::exchange(spare_, nullptr);
    added.first = first;
    added.end = end;
    added.awaiting_end = 0;
    ranges_.Insert(added);
    return;
  }
  if (left == nullptr) {
    right->first = first;
    right->awaiting_end = 0;
    return;
  }
  left->end = end;
  if (right != nullptr) {
    left->end = right->end;
    ranges_.Remove(*right);
    delete right;
  }
}

void DirtyZeroes::Remove(PageIndex first, PageIndex end) {
  for (Range* range = ranges_.FindBeyond(first); range != nullptr && range->first < end;
       range = ranges_.FindBeyond(first)) {
    const PageIndex range_end = range->end;
    if (range->first >= first && range_end <= end) {
      ranges_.Remove(*range);
      delete range;
    } else if (range->first >= first) {
      range->first = end;
    } else {
      range->end = first;
      if (range_end > end) {
        GK_ASSERT(spare_ != nullptr);
        Range& rest = *std::exchange(spare_, nullptr);
        rest.first = end;
        rest.end = range_end;
        rest.awaiting_end = range->awaiting_end;
        ranges_.Insert(rest);
      }
      range->awaiting_end = Min(range->awaiting_end, first);
    }
    first = Min(range_end, end);
  }
}

void DirtyZeroes::BeginWriteback(PageIndex first, PageIndex end) {
  for (Range* range = ranges_.FindBeyond(first); range != nullptr && range->first < end;
       range = ranges_.FindBeyond(range->end)) {
    if (range->first >= first) {
      range->awaiting_end = Max(range->awaiting_end, Min(range->end, end));
    }
  }
}

DirtyZeroes::Part DirtyZeroes::FindCleaned(PageIndex first, PageIndex end) const {
  for (const Range* range = ranges_.FindBeyond(first); range != nullptr && range->first < end;
       range = ranges_.FindBeyond(range->end)) {
    if (range->first >= first && range->awaiting_end > range->first) {
      return {range->first, Min(Min(range->awaiting_end, range->end), end)};
    }
  }
  return {};
}

}  // namespace gk
