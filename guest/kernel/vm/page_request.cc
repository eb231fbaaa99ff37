#include "guest/kernel/vm/page_request.h"

#include <zircon/types.h>

#include <atomic>
#include <utility>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/vm/page_source.h"

namespace gk {
namespace {

// How long a waiter polls: about as long as being put to sleep and woken takes where traps are slow, so that a vain
// poll costs no more than once again what the wait does. And as long again for each kPagesPerPoll pages, which have to
// be copied: who slept while the host read 2 MiB, half a millisecond, read a file at 970 MB/s, not at 1,300 (Xeon
// at 2.5 GHz).
constexpr zx_duration_t kPoll = 200'000;
constexpr PageIndex kPagesPerPoll = 128;

// A poller that stands still for so long has been taken off its processor: the host has other work for it, perhaps the
// answer. An interrupt of the host takes a tenth of that.
constexpr zx_duration_t kInterruption = 200'000;

// How often a poll looks at most. It is the time that bounds it, everywhere but where clocks stand still.
constexpr unsigned kMostLooks = 10'000;

}  // namespace

PageRequest::PageRequest(WakePolicy wake) : wake_(wake) {}

PageRequest::~PageRequest() {
  GiveUp();
  while (SourceRequest* request = initiated_.PopFront()) {
    request->initiator_ = nullptr;
    request->source->WithdrawIfUnwanted(*request);
  }
}

// Leaves the request that it waits for, if it does.
void PageRequest::GiveUp() {
  if (is_linked()) {
    Unlink();
    source_->WithdrawIfUnwanted(*request_);
  }
}

Result<> PageRequest::Wait(SuspendPolicy suspend) {
  GK_ASSERT(state_ != State::kIdle);
  Status interrupted(ZX_OK);
  if (state_ == State::kWaiting) {
    interrupted = Sleep(suspend);
  }
  const Status status = state_ == State::kWaiting ? interrupted : status_;
  GiveUp();
  state_ = State::kIdle;
  request_ = nullptr;
  source_.reset();
  return status.ok() ? Result<>() : Error(status);
}

// A program that supplies pages needs this CPU, or a wake-up on another one; asking a device may be quicker.
Status PageRequest::Sleep(SuspendPolicy suspend) {
  PageProvider& provider = source_->provider();
  if (provider.fills_pages()) {
    if (source_->polling().ShouldPoll()) {
      Poll();
    }
    if (state_ == State::kWaiting) {
      provider.PrepareToBlock();
    }
  }
  if (state_ != State::kWaiting) {
    return Status(ZX_OK);
  }
  const bool gives_way = suspend == SuspendPolicy::kGiveWay;
  return queue_.Block(ZX_TIME_INFINITE, gives_way ? BlockReason::kPager : BlockReason::kPagerInCopy);
}

// Looks without the kernel lock: the other CPUs get into the kernel meanwhile, and what they can change of ours is the
// answer. Ends early when a thread wants this CPU, which says nothing about polling.
void PageRequest::Poll() {
  PageProvider& provider = source_->provider();
  const auto parts = static_cast<zx_duration_t>(1 + request_->page_count / kPagesPerPoll);
  zx_time_t now = CurrentTime();
  const zx_time_t end = now + kPoll * parts;
  unsigned looks = 0;
  bool interrupted = false;
  while (state_ == State::kWaiting && now < end && looks < kMostLooks && !interrupted) {
    if (scheduler->has_ready()) {
      return;
    }
    bool found = false;
    kernel_lock.Release();
    while (!found && !interrupted && now < end && ++looks < kMostLooks) {
      arch::SpinPause();
      found = provider.has_answers() || std::atomic_ref(state_).load(std::memory_order_relaxed) != State::kWaiting;
      const zx_time_t before = std::exchange(now, CurrentTime());
      interrupted = now - before > kInterruption;
    }
    kernel_lock.Acquire();
    if (found) {
      provider.PollCompletions();
    }
  }
  if (state_ == State::kWaiting || interrupted) {
    source_->polling().OnVain();
  } else {
    source_->polling().OnAnswered();
  }
}

}  // namespace gk
