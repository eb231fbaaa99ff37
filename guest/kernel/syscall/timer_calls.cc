// Calls on timers.
#include "guest/kernel/object/timer_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

Result<> CreateTimer(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_TIMER));
  RefPtr<TimerDispatcher> timer = TimerDispatcher::Create(options);
  if (!timer) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(timer), ZX_DEFAULT_TIMER_RIGHTS));
}

}  // namespace

Status timer_create(Caller& caller, uint32_t options, zx_clock_t clock, UserOut<zx_handle_t> out) {
  if (clock != ZX_CLOCK_MONOTONIC || options > ZX_TIMER_SLACK_LATE) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(CreateTimer(caller, options, out));
}

Status timer_set(Caller& caller, zx_handle_t handle, zx_time_t deadline, zx_duration_t slack) {
  if (slack < 0) {
    return Status(ZX_ERR_OUT_OF_RANGE);
  }
  const Result<RefPtr<TimerDispatcher>> timer = caller.handles().Get<TimerDispatcher>(handle, ZX_RIGHT_WRITE);
  if (!timer) {
    return timer.error();
  }
  (*timer)->Set(deadline, slack);
  return Status(ZX_OK);
}

Status timer_cancel(Caller& caller, zx_handle_t handle) {
  const Result<RefPtr<TimerDispatcher>> timer = caller.handles().Get<TimerDispatcher>(handle, ZX_RIGHT_WRITE);
  if (!timer) {
    return timer.error();
  }
  (*timer)->Cancel();
  return Status(ZX_OK);
}

}  // namespace gk::syscall
