#include "guest/kernel/vm/page_request.h"

#include <atomic>
#include <utility>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/sched/spin.h"
#include "guest/kernel/vm/page_source.h"

namespace gk {
namespace {

// How often a waiter spins at most (sched/spin.h) before it sleeps: together about as long as being put to sleep and
// woken takes where traps are slow, so that a vain poll costs no more than once again what the wait does. And each time
// as much longer for every kPagesPerSpin pages, which have to be copied: who slept while the host read 2 MiB, half a
// millisecond, read a file at 970 MB/s, not at 1,300 (Xeon at 2.5 GHz).
constexpr unsigned kSpins = 4;
constexpr PageIndex kPagesPerSpin = 128;

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
  const zx_duration_t spin = kSpin * static_cast<zx_duration_t>(1 + request_->page_count / kPagesPerSpin);
  unsigned left = kSpins;
  while (state_ == State::kWaiting && left != 0) {
    if (scheduler->has_ready()) {
      return;
    }
    const bool found = SpinUnlocked(
        [this, &provider] {
          return provider.has_answers() || std::atomic_ref(state_).load(std::memory_order_relaxed) != State::kWaiting;
        },
        spin);
    if (found) {
      provider.PollCompletions();
    } else {
      --left;
    }
  }
  if (state_ == State::kWaiting) {
    source_->polling().OnVain();
  } else {
    source_->polling().OnAnswered();
  }
}

}  // namespace gk
