// A timer: a signal that comes at a time.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/sched/timer.h"

namespace gk {

class TimerDispatcher final : public Dispatcher, private Timer {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_TIMER;

  // `options`: a ZX_TIMER_SLACK_*. Timers fire on time, which any slack allows. Null when there is no memory.
  static RefPtr<TimerDispatcher> Create(uint32_t options) { return MakeRefCounted<TimerDispatcher>(options); }

  // Takes back the signal and gives it at `deadline` (CurrentTime's clock): at once when that has passed.
  void Set(zx_time_t deadline, zx_duration_t slack);
  // Takes back the signal; it does not come any more.
  void Cancel();

  // What ZX_INFO_TIMER tells: the deadline is 0 when the timer is not set.
  [[nodiscard]] uint32_t options() const { return options_; }
  [[nodiscard]] zx_time_t pending_deadline() const { return is_armed() ? deadline() : 0; }
  [[nodiscard]] zx_duration_t slack() const { return slack_; }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  explicit TimerDispatcher(uint32_t options) : Dispatcher(kType, ZX_SIGNAL_NONE), options_(options) {}

  void OnZeroHandles() override { Disarm(); }
  void OnDeadline() override { UpdateSignals(0, ZX_TIMER_SIGNALED); }

  const uint32_t options_;
  zx_duration_t slack_ = 0;
};

}  // namespace gk
