#include "guest/kernel/sched/timer.h"

#include "guest/kernel/sched/scheduler.h"

namespace gk {

void Timer::Arm(zx_time_t deadline) {
  deadline_ = deadline;
  scheduler->AddTimer(*this);
}

}  // namespace gk
