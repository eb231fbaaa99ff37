#include "guest/kernel/vm/page_request.h"

#include <zircon/types.h>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/vm/page_source.h"

namespace gk {
namespace {

// How often a waiter asks the provider before it sleeps: some tens of microseconds, about what being woken costs.
constexpr unsigned kPollIterations = 2000;

}  // namespace

PageRequest::PageRequest() = default;

PageRequest::~PageRequest() {
  if (is_linked()) {
    Unlink();
  }
}

Result<> PageRequest::Wait() {
  GK_ASSERT(state_ != State::kIdle);
  for (unsigned i = 0; i < kPollIterations && state_ == State::kWaiting; ++i) {
    source_->provider().PollCompletions();
    // Other CPUs get into the kernel meanwhile; what they can change of ours is the answer.
    kernel_lock.Relax();
  }
  if (state_ == State::kWaiting) {
    source_->provider().PrepareToBlock();
  }
  Status status = state_ == State::kWaiting ? queue_.Block(ZX_TIME_INFINITE, BlockReason::kPager) : status_;
  if (is_linked()) {  // killed while it waited
    Unlink();
  }
  state_ = State::kIdle;
  source_.reset();
  return status.ok() ? Result<>() : Error(status);
}

}  // namespace gk
