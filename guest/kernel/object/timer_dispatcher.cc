#include "guest/kernel/object/timer_dispatcher.h"

#include "guest/kernel/sched/clock.h"

namespace gk {

void TimerDispatcher::Set(zx_time_t deadline, zx_duration_t slack) {
  Disarm();
  slack_ = slack;
  const bool due = deadline <= CurrentTime();
  UpdateSignals(ZX_TIMER_SIGNALED, due ? ZX_TIMER_SIGNALED : 0);
  if (!due && deadline != ZX_TIME_INFINITE) {
    Arm(deadline);
  }
}

void TimerDispatcher::Cancel() {
  Disarm();
  UpdateSignals(ZX_TIMER_SIGNALED, 0);
}

}  // namespace gk
