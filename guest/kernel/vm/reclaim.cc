#include "guest/kernel/vm/reclaim.h"

#include "guest/kernel/lib/min_max.h"

namespace gk {
namespace reclaim {
namespace {

constexpr uint64_t kWatermarkFraction = 64;
constexpr uint64_t kLeastWatermark = 64;   // 256 KiB: more than one read of a source with the tables to map it
constexpr uint64_t kMostWatermark = 4096;  // 16 MiB

// The least recently used first.
constinit base::IntrusiveList<Reclaimable, ReclaimTag> candidates;

bool ReclaimUntil(uint64_t free_pages) {
  bool freed = false;
  while (FreePageCount() < free_pages && !candidates.empty()) {
    freed |= candidates.PopFront()->Reclaim() != 0;
  }
  return freed;
}

}  // namespace

uint64_t LowWatermark() { return Max(kLeastWatermark, Min(kMostWatermark, TotalPageCount() / kWatermarkFraction)); }
uint64_t HighWatermark() { return 2 * LowWatermark(); }

void MarkUsed(Reclaimable& object) {
  Remove(object);
  candidates.PushBack(object);
}

void Remove(Reclaimable& object) {
  if (object.is_linked()) {
    object.Unlink();
  }
}

void ReclaimToHighWatermark() { ReclaimUntil(HighWatermark()); }

bool ReclaimAll() { return ReclaimUntil(UINT64_MAX); }

}  // namespace reclaim

Page* AllocateContiguousReclaiming(size_t count, uint64_t alignment) {
  Page* first = AllocateContiguous(count, alignment);
  while (first == nullptr && reclaim::ReclaimAll()) {
    first = AllocateContiguous(count, alignment);
  }
  return first;
}

}  // namespace gk
