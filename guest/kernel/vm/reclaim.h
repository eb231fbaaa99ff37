// Memory pressure: who can give pages back, and when they are asked to.
//
// Things whose content may be thrown away (an unlocked discardable VMO) stand in one list, the least recently used
// first. They are asked at safe points only: where the kernel is entered and at the top of loops over pages, before the
// operation has looked anything up. An allocation in the middle of an operation never reclaims, because it could pull
// pages from under that very operation; the reserve below the low watermark covers every step between two safe points.
//
//            free pages < low watermark                    free pages >= high watermark, or nobody is left
//   plenty -----------------------------> reclaiming, oldest first ---------------------------------> plenty
//
// An allocation that the reserve cannot cover (a long contiguous run) is made with AllocateContiguousReclaiming at a
// safe point of its own.
//
// Kernel lock held for every call. Nothing here blocks or allocates.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/vm/pmm.h"
#include "shared/base/intrusive_list.h"

namespace gk {

struct ReclaimTag;

// Something whose content may be thrown away. It is in the list exactly while that is so, and leaves it before it is
// destroyed.
class Reclaimable : public base::ListNode<ReclaimTag> {
 public:
  // Throws the content away and frees its pages. The object has left the list and enters it again when it has something
  // to give once more. Returns the number of pages freed. May neither block nor allocate.
  virtual uint64_t Reclaim() = 0;

 protected:
  ~Reclaimable() = default;
};

namespace reclaim {

// Below the low watermark, in free pages, safe points reclaim until the high one is reached. A 64th of RAM, within
// bounds: enough for what happens between two safe points, not so much that a small machine feels it.
[[nodiscard]] uint64_t LowWatermark();
[[nodiscard]] uint64_t HighWatermark();

// The object is, or becomes, the most recently used one.
void MarkUsed(Reclaimable& object);
// Its content must be kept from now on. Does nothing for an object that is not in the list.
void Remove(Reclaimable& object);

// Out of line: reclaims up to the high watermark.
void ReclaimToHighWatermark();

// The safe point. Cheap while there is memory.
inline void SafePoint() {
  if (FreePageCount() < LowWatermark()) {
    ReclaimToHighWatermark();
  }
}

// Everything that can be had. True when that freed anything.
bool ReclaimAll();

}  // namespace reclaim

// AllocateContiguous, tried again after everything reclaimable was given back. Only at a safe point. Null when there is
// no such run even then.
[[nodiscard]] Page* AllocateContiguousReclaiming(size_t count, uint64_t alignment);

}  // namespace gk
