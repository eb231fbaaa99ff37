// Something that happens at a time: on the deadline list of a CPU until the CPU's timer has reached it.
#pragma once

#include <zircon/types.h>

#include "shared/base/intrusive_list.h"

namespace gk {

struct TimerTag;

class Timer : public base::ListNode<TimerTag> {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Puts the timer on the calling CPU's list. `deadline` is CurrentTime's clock. Precondition: it is on none.
  void Arm(zx_time_t deadline);
  // Takes it off again. Does nothing when it has fired or was never armed.
  void Disarm() {
    if (is_armed()) {
      static_cast<base::ListNode<TimerTag>*>(this)->Unlink();
    }
  }
  [[nodiscard]] bool is_armed() const { return static_cast<const base::ListNode<TimerTag>*>(this)->is_linked(); }
  // When it fires, or fired last.
  [[nodiscard]] zx_time_t deadline() const { return deadline_; }

  // For the scheduler. The deadline has passed; the timer is on no list. Runs in the timer interrupt's turn of the
  // kernel, on whatever thread's stack: must not block.
  virtual void OnDeadline() = 0;

 protected:
  ~Timer() { Disarm(); }

 private:
  zx_time_t deadline_ = 0;
};

}  // namespace gk
