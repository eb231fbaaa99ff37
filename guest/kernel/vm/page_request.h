// A thread's wait for a page of a page source. Lives on the waiter's stack and is linked intrusively, so waiting
// allocates nothing and cannot fail for want of memory.
//
//           PageSource::Require          OnReadDone, detach
//   kIdle ---------------------> kWaiting -----------------> kDone
//     ^                             | Wait was killed           |
//     +-----------------------------+---------------------------+   Wait returned
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "guest/kernel/vm/page.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class PageSource;
struct PageRequestTag;

class PageRequest : public base::ListNode<PageRequestTag> {
 public:
  PageRequest();
  // Leaves the source's list if it is on it.
  ~PageRequest();

  [[nodiscard]] bool waiting() const { return state_ == State::kWaiting; }

  // Waits until the page is there or can no longer come: polls the provider for a bounded number of times, then blocks.
  // Success means "look again", not "the page is present": it may have been taken away since.
  // Errors: the source's (ZX_ERR_IO, ZX_ERR_BAD_STATE after a detach, …), ZX_ERR_INTERNAL_INTR_KILLED.
  // Precondition: waiting(). Afterwards it can be used again.
  Result<> Wait();

 private:
  friend class PageSource;
  enum class State : uint8_t { kIdle, kWaiting, kDone };

  State state_ = State::kIdle;
  Status status_{ZX_OK};  // kDone: what became of it
  PageIndex index_ = 0;
  RefPtr<PageSource> source_;  // kWaiting, kDone
  WaitQueue queue_;
};

}  // namespace gk
