// What the scheduler knows of one CPU.
#pragma once

#include <zircon/types.h>

#include <atomic>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/sched/late_signals.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/sched/timer.h"
#include "shared/base/intrusive_list.h"

namespace gk {

struct Cpu {
  uint32_t index = 0;
  Thread* current = nullptr;
  Thread* idle = nullptr;
  // Whose vector registers and segment bases the CPU holds; null when nobody needs them any more.
  Thread* user_state_owner = nullptr;
  // A thread that ended on this CPU; its stack is free once another thread runs.
  RefPtr<Thread> ended;
  // What was armed here, the earliest deadline first.
  base::IntrusiveList<Timer, TimerTag> timers;
  // When the current thread has had its turn, if others wait; ZX_TIME_INFINITE: it may run on.
  zx_time_t slice_end = ZX_TIME_INFINITE;
  // What the hardware timer is set to.
  zx_time_t timer_armed = ZX_TIME_INFINITE;
  // The current thread should let others run before it goes back to user code.
  bool reschedule = false;
  // Idle, or about to be: a ready thread may wake it.
  bool idling = false;
  // When it went idle, where the monitor watches; 0: it has not, or is busy again.
  zx_time_t idle_since = 0;
  // What it will say when it lets go of the kernel lock.
  LateSignals late_signals;
  // Set before the CPU enters user code (kernel lock held), cleared first thing when it leaves (lock not yet held).
  std::atomic<bool> in_user = false;
};

}  // namespace gk
