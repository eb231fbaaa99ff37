#include "guest/kernel/vm/discardable.h"

#include "guest/kernel/lib/panic.h"

namespace gk {

namespace {

constinit base::IntrusiveList<Discardable, AllDiscardablesTag> all_discardables;

}  // namespace

Discardable::Discardable(DiscardableOwner& owner) : owner_(owner) { all_discardables.PushBack(*this); }

Discardable::~Discardable() {
  reclaim::Remove(*this);
  static_cast<base::ListNode<AllDiscardablesTag>&>(*this).Unlink();
}

Discardable::PageStatistics Discardable::GetPageStatistics() {
  PageStatistics statistics{};
  for (const Discardable& discardable : all_discardables) {
    const bool unlocked = discardable.state_ == State::kUnlocked;
    (unlocked ? statistics.unlocked_pages : statistics.locked_pages) += discardable.owner_.discardable_pages();
  }
  return statistics;
}

bool Discardable::Lock() {
  const bool was_discarded = discarded();
  reclaim::Remove(*this);
  state_ = State::kLocked;
  ++lock_count_;
  return was_discarded;
}

Result<> Discardable::TryLock() {
  if (discarded()) {
    return Error(ZX_ERR_UNAVAILABLE);
  }
  Lock();
  return {};
}

Result<> Discardable::Unlock() {
  if (lock_count_ == 0) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (--lock_count_ == 0) {
    state_ = State::kUnlocked;
    OfferIfUnlocked();
  }
  return {};
}

void Discardable::UndoLock(bool was_discarded) {
  if (lock_count_ == 0) {
    return;  // somebody else has unlocked once too often in the meantime
  }
  const Result<> unlocked = Unlock();
  GK_ASSERT(unlocked.ok());
  if (was_discarded && lock_count_ == 0) {
    reclaim::Remove(*this);
    Reclaim();
  }
}

void Discardable::OnUsed() { OfferIfUnlocked(); }

void Discardable::OnPinned() {
  ++pins_;
  reclaim::Remove(*this);
}

void Discardable::OnUnpinned() {
  GK_ASSERT(pins_ != 0);
  --pins_;
  OfferIfUnlocked();
}

void Discardable::OfferIfUnlocked() {
  if (state_ == State::kUnlocked && pins_ == 0) {
    reclaim::MarkUsed(*this);
  }
}

uint64_t Discardable::Reclaim() {
  if (pins_ != 0) {
    return 0;
  }
  state_ = State::kDiscarded;
  return owner_.DiscardPages();
}

}  // namespace gk
