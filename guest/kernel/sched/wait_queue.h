// Where a thread waits for something, and where whoever brings it wakes the thread.
//
// A WaitQueue is the only way to block in the kernel. Kernel lock held for every call; Block releases it while the
// thread waits, so whatever the caller looked at before may have changed when it returns.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/timer.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class Thread;
struct WaitTag;

// What a thread waits for, as far as others can see it. The waits of system calls that can be begun again without harm
// give way when the thread is to be suspended; the others run to their end first, a channel call's too: it has sent its
// question; and a copy to or from a program may be half done.
enum class BlockReason : uint8_t {
  kKernel,
  kException,
  kSleeping,
  kFutex,
  kPort,
  kChannel,
  kWaitOne,
  kWaitMany,
  kInterrupt,
  kPager,
  kPagerInCopy,  // a fault on behalf of a system call, which has begun to act
};
[[nodiscard]] constexpr bool GivesWayToSuspension(BlockReason reason) {
  switch (reason) {
    case BlockReason::kSleeping:
    case BlockReason::kFutex:
    case BlockReason::kPort:
    case BlockReason::kWaitOne:
    case BlockReason::kWaitMany:
    case BlockReason::kInterrupt:
    case BlockReason::kPager:
      return true;
    default:
      return false;
  }
}

// One blocked thread; lives on that thread's stack.
struct Waiter final : base::ListNode<WaitTag>, Timer {
  Thread* thread = nullptr;
  BlockReason reason = BlockReason::kKernel;
  Status result{ZX_OK};

  void OnDeadline() override;
};

class WaitQueue {
 public:
  constexpr WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  // Blocks the current thread until it is woken. Returns what the waker passed; ZX_ERR_TIMED_OUT when `deadline`
  // (CurrentTime's clock, nanoseconds; ZX_TIME_INFINITE for never) passed first, at once when it is in the past;
  // ZX_ERR_INTERNAL_INTR_KILLED when the thread is to end: the caller gives up what it does and returns to the
  // boundary; ZX_ERR_INTERNAL_INTR_RETRY when it is to be suspended and `reason` gives way to that: the caller returns
  // it as its result, and the system call is made again when the thread goes on.
  Status Block(zx_time_t deadline, BlockReason reason = BlockReason::kKernel);

  // Wakes the thread that has waited longest, or all. Returns how many.
  uint32_t WakeOne(Status result = Status(ZX_OK));
  uint32_t WakeAll(Status result = Status(ZX_OK));

  [[nodiscard]] bool empty() { return waiters_.empty(); }
  // The thread that has waited longest; null: none.
  [[nodiscard]] Thread* first() { return waiters_.empty() ? nullptr : waiters_.front().thread; }

 private:
  friend class Thread;
  base::IntrusiveList<Waiter, WaitTag> waiters_;
};

}  // namespace gk
