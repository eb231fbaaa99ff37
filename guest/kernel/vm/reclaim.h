// Memory pressure: who can give pages back, and when they are asked to.
//
// Two kinds of things can be done without: objects whose content may be thrown away as a whole (an unlocked discardable
// VMO), and single pages that their source can be asked for again (clean ones of content with a source). They go in one
// order, the least recently used first, but for what programs have said of pages:
//
//   1. pages that are not needed (ZX_VMO_OP_DONT_NEED), as long as nobody uses them all the same
//   2. objects and pages by the time of their last use
//   3. pages that were brought ahead of their use (PageHint::kAhead): of those that have been used the CPUs say that
//      they are in use, and nobody can say that of these. They come before the others when they have been there for a
//      long time: whoever was to use them has gone elsewhere
//   4. pages that are always needed (ZX_VMO_OP_ALWAYS_NEED), by that time too: an allocation that fails would be worse
//
// A page is used when it arrives, and when a fault or a call looks it up. A mapped page can be used without that, so
// one whose turn comes is looked up in the page tables first: if the CPUs have marked an entry of it as accessed, the
// mark is taken away and the page has a second chance, as the most recently used. What that costs and what else there
// would be is said in this folder's README.
//
// So that those that were brought ahead neither push out what is in use nor each other, there are never more than a
// part of what could be taken back: their source is told to wait (FindRoomAhead), and when to go on (RoomObserver).
//
// Those that were used last of all, half a low watermark of pages, are spared as long as an allocation may yet succeed:
// who waited for them may not have seen them yet.
//
// They are asked at safe points only: where the kernel is entered and at the top of loops over pages, before the
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

  [[nodiscard]] uint32_t use_stamp() const { return use_stamp_; }
  void set_use_stamp(uint32_t stamp) { use_stamp_ = stamp; }

 protected:
  ~Reclaimable() = default;

 private:
  uint32_t use_stamp_ = 0;
};

// Who may have pages that nobody has heard of yet, because nobody waits for them.
class ShortageObserver {
 public:
  // Memory is short: delivers what has arrived, so that it can be taken back with the rest. At a safe point.
  virtual void OnShortage() = 0;

 protected:
  ~ShortageObserver() = default;
};

// Who has pages for which there was no room ahead.
class RoomObserver {
 public:
  // There is again. At a safe point.
  virtual void OnRoomAhead() = 0;
  // What was expected has been freed, as far as it can be. At a safe point.
  virtual void OnFreed() = 0;

 protected:
  ~RoomObserver() = default;
};

namespace reclaim {

extern ShortageObserver* shortage_observer;  // null: there is none

// Below the low watermark, in free pages, safe points reclaim until the high one is reached. A 64th of RAM, within
// bounds: enough for what happens between two safe points, not so much that a small machine feels it.
[[nodiscard]] uint64_t LowWatermark();
[[nodiscard]] uint64_t HighWatermark();

// The object is, or becomes, the most recently used one.
void MarkUsed(Reclaimable& object);
// Its content must be kept from now on. Does nothing for an object that is not in the list.
void Remove(Reclaimable& object);

// The same for a page of content with a source (Page::object.owner). One that cannot be had again just now (dirty,
// pinned, lent) may be left in the list: it is recognised when its turn comes, and offered anew by its next use.
void MarkUsed(Page& page);
void Remove(Page& page);
// It has become one that can be had again, but nobody has used it.
void Offer(Page& page);
// What a program says about a page that is there. A page that is not needed and used all the same is like any other.
void SetHint(Page& page, PageHint hint);

// Whether `pages` more may be brought ahead of their use, not 0, and are free without the reserve; a large page, if
// they are as many.
enum class RoomAhead : uint8_t {
  kEnough,
  kNotFree,  // nothing but free pages is missing, and the next safe point sees to that
  kNone,
};
[[nodiscard]] RoomAhead FindRoomAhead(uint64_t pages);
// The next safe point at which there is room for a good many of them tells `observer`, once. One at a time: another
// takes its place; null: nobody.
void AwaitRoomAhead(RoomObserver* observer);
extern RoomObserver* room_observer;
// The next safe point tells `observer` that it has freed what is expected, once. One at a time; null: nobody.
void AwaitFreed(RoomObserver* observer);
extern RoomObserver* freed_observer;
void TellOfFreed();
// Out of line: tells it if there is.
void TellOfRoomAhead();

// Somebody is going to want `pages` more than the low watermark keeps: the next safe point sees that they are free, and
// a large page among them if there are as many, as far as that can be.
void Expect(uint64_t pages);
extern uint64_t expected_pages;  // between two safe points

// Out of line: reclaims up to the high watermark, and what is expected beyond.
void ReclaimToHighWatermark();

// Every how many safe points one page is reclaimed although there is memory; 0: never. A kernel option, for tests.
extern uint64_t pages_go_every;
void OnSafePointOfTest();

// The safe point. Cheap while there is memory.
inline void SafePoint() {
  if (FreePageCount() < LowWatermark() + expected_pages) {
    ReclaimToHighWatermark();
  }
  if (freed_observer != nullptr) {
    TellOfFreed();
  }
  if (room_observer != nullptr) {
    TellOfRoomAhead();
  }
  if (pages_go_every != 0) {
    OnSafePointOfTest();
  }
}

// Everything that can be had. True when that freed anything.
bool ReclaimAll();

struct PageStatistics {
  uint64_t pages;             // that could go, or were thought so when they were last used
  uint64_t not_needed_pages;  // those of them that would be the first
  uint64_t ahead_pages;       // those of them that were brought ahead of their use
};
[[nodiscard]] PageStatistics GetPageStatistics();

}  // namespace reclaim

// AllocateContiguous, tried again after everything reclaimable was given back. Only at a safe point. Null when there is
// no such run even then.
[[nodiscard]] Page* AllocateContiguousReclaiming(size_t count, uint64_t alignment);

}  // namespace gk
