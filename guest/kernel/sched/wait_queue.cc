#include "guest/kernel/sched/wait_queue.h"

#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/sched/thread.h"

namespace gk {

void Waiter::OnDeadline() { scheduler->Wake(*this, Status(ZX_ERR_TIMED_OUT)); }

Status WaitQueue::Block(zx_time_t deadline, BlockReason reason) {
  Thread& thread = *Thread::Current();
  if (thread.kill_pending_) {
    return Status(ZX_ERR_INTERNAL_INTR_KILLED);
  }
  if (thread.suspend_pending_ && GivesWayToSuspension(reason)) {
    return Status(ZX_ERR_INTERNAL_INTR_RETRY);
  }
  if (deadline <= CurrentTime()) {
    return Status(ZX_ERR_TIMED_OUT);
  }
  Waiter waiter;
  waiter.thread = &thread;
  waiter.reason = reason;
  waiters_.PushBack(waiter);
  if (deadline != ZX_TIME_INFINITE) {
    waiter.Arm(deadline);
  }
  thread.waiter_ = &waiter;
  thread.block_reason_ = reason;
  thread.state_ = Thread::State::kBlocked;
  scheduler->SwitchAway();
  thread.block_reason_ = BlockReason::kKernel;
  return waiter.result;
}

uint32_t WaitQueue::WakeOne(Status result) {
  if (waiters_.empty()) {
    return 0;
  }
  scheduler->Wake(waiters_.front(), result);
  return 1;
}

uint32_t WaitQueue::WakeAll(Status result) {
  uint32_t woken = 0;
  while (WakeOne(result) != 0) {
    ++woken;
  }
  return woken;
}

}  // namespace gk
