// What makes a content discardable: locks of its users, and whether the kernel has thrown it away.
//
//                    Lock, TryLock                    last Unlock
//   kNeverLocked ------------------> kLocked <--------------------------> kUnlocked     (may be reclaimed)
//                                       ^         Lock, TryLock               |
//                                       | Lock                                | Reclaim
//                                       +------------- kDiscarded <-----------+
//
// Locks count. Content that was never locked is not reclaimed: nobody has said yet that it can be done without.
// Discarded content cannot be reached until somebody locks it and thereby hears of it. Kernel lock held for every call.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

class DiscardableOwner {
 public:
  // Removes all pages from all mappings and frees them; returns how many. May neither block nor allocate.
  virtual uint64_t DiscardPages() = 0;
  [[nodiscard]] virtual uint64_t discardable_pages() const = 0;

 protected:
  ~DiscardableOwner() = default;
};

struct AllDiscardablesTag;

class Discardable final : public HeapObject, public Reclaimable, public base::ListNode<AllDiscardablesTag> {
 public:
  explicit Discardable(DiscardableOwner& owner);
  ~Discardable();
  Discardable(const Discardable&) = delete;
  Discardable& operator=(const Discardable&) = delete;

  [[nodiscard]] bool discarded() const { return state_ == State::kDiscarded; }
  [[nodiscard]] uint64_t lock_count() const { return lock_count_; }

  // Pages of all that exist. Goes through them.
  struct PageStatistics {
    uint64_t locked_pages;  // those of objects that were never unlocked included: they are kept as well
    uint64_t unlocked_pages;
  };
  [[nodiscard]] static PageStatistics GetPageStatistics();

  // One lock more. True: the content was thrown away before, and is zeroes now.
  bool Lock();
  // The same, unless the content was thrown away: ZX_ERR_UNAVAILABLE.
  Result<> TryLock();
  // ZX_ERR_BAD_STATE: not locked.
  Result<> Unlock();
  // Takes back a Lock whose caller could not be told: `was_discarded` is what that Lock returned.
  void UndoLock(bool was_discarded);

  // Somebody reads, writes or maps the content.
  void OnUsed();
  // Pinned content is kept, whoever may have unlocked it. One call of the second for each of the first.
  void OnPinned();
  void OnUnpinned();

 private:
  enum class State : uint8_t { kNeverLocked, kLocked, kUnlocked, kDiscarded };

  uint64_t Reclaim() override;
  void OfferIfUnlocked();

  DiscardableOwner& owner_;
  State state_ = State::kNeverLocked;
  uint64_t lock_count_ = 0;
  uint64_t pins_ = 0;
};

}  // namespace gk
