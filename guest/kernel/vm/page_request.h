// A thread's wait for a page of a page source. Lives on the waiter's stack and is linked intrusively, so waiting
// allocates nothing and cannot fail for want of memory.
//
//           PageSource::Require          answer, detach
//   kIdle ---------------------> kWaiting -----------------> kDone
//     ^                             | Wait was given up          |
//     +-----------------------------+---------------------------+   Wait returned
//
// One that is used for wait after wait of the same operation keeps the requests that it has caused alive in between: a
// reader that is woken for the first of many pages still wants the others. Destroying it withdraws what nobody else
// waits for.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "guest/kernel/vm/page.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class PageSource;
struct SourceRequest;
struct PageRequestTag;
struct InitiatedTag;

// When a wait ends that is part of a request for many pages.
enum class WakePolicy : uint8_t {
  kEarly,         // as soon as the page that is needed next is there
  kWhenAnswered,  // when the whole request was answered
};

// What a wait does when its thread is to be suspended.
enum class SuspendPolicy : uint8_t {
  kGiveWay,  // ends with ZX_ERR_INTERNAL_INTR_RETRY: the fault or system call is done again afterwards
  kWaitOn,   // goes on: the kernel is in the middle of something that cannot be done twice
};

class PageRequest : public base::ListNode<PageRequestTag> {
 public:
  explicit PageRequest(WakePolicy wake = WakePolicy::kWhenAnswered);
  PageRequest(const PageRequest&) = delete;
  PageRequest& operator=(const PageRequest&) = delete;
  ~PageRequest();

  [[nodiscard]] bool waiting() const { return state_ == State::kWaiting; }

  // The thread that sleeps for it; null while it still polls.
  [[nodiscard]] Thread* sleeper() { return queue_.first(); }

  // Waits until the page is there or can no longer come: polls the provider for a bounded time, then blocks.
  // Success means "look again", not "the page is present": it may have been taken away since.
  // Errors: the source's (ZX_ERR_IO, ZX_ERR_BAD_STATE after a detach, …), ZX_ERR_INTERNAL_INTR_KILLED,
  // ZX_ERR_INTERNAL_INTR_RETRY. Precondition: Require was called. Afterwards it can be used again.
  Result<> Wait(SuspendPolicy suspend);

 private:
  friend class PageSource;
  enum class State : uint8_t { kIdle, kWaiting, kDone };

  Status Sleep(SuspendPolicy suspend);
  Status Block(SuspendPolicy suspend);
  void Poll();
  void GiveUp();

  State state_ = State::kIdle;
  const WakePolicy wake_;
  Status status_{ZX_OK};  // kWaiting: what has become of the page so far; kDone: of the wait
  PageIndex index_ = 0;
  RefPtr<PageSource> source_;                                   // kWaiting, kDone
  SourceRequest* request_ = nullptr;                            // kWaiting: the one that covers the page
  base::IntrusiveList<SourceRequest, InitiatedTag> initiated_;  // that this wait, or an earlier one, has caused
  WaitQueue queue_;
};

}  // namespace gk
