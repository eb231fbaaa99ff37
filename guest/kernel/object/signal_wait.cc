#include "guest/kernel/object/signal_wait.h"

namespace gk {

void WaitTarget::Begin(WaitQueue& queue) {
  queue_ = &queue;
  if ((object_->signals() & watched_) != 0) {
    Finish(object_->signals());
  } else {
    object_->AddObserver(*this, watched_, handle_);
  }
}

void WaitTarget::Finish(zx_signals_t signals) {
  observed_ = signals;
  heard_ = true;
  queue_->WakeOne();
}

void WaitTarget::End() {
  StopObserving();
  if (!heard_) {
    observed_ = object_->signals();
  }
}

Status WaitForAny(std::span<WaitTarget> targets, zx_time_t deadline, BlockReason reason) {
  WaitQueue queue;
  bool heard = false;
  for (WaitTarget& target : targets) {
    target.Begin(queue);
    heard = heard || target.heard_;
  }
  Status status = heard ? Status(ZX_OK) : queue.Block(deadline, reason);
  // The deadline may pass and a signal come before this thread runs again: what was heard counts.
  zx_signals_t closed = 0;
  for (WaitTarget& target : targets) {
    target.End();
    status = target.heard_ ? Status(ZX_OK) : status;
    closed |= target.heard_ ? target.observed_ & ZX_SIGNAL_HANDLE_CLOSED : 0;
  }
  return closed != 0 ? Status(ZX_ERR_CANCELED) : status;
}

}  // namespace gk
