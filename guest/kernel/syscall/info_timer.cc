// Information about timers.
#include "guest/kernel/object/timer_dispatcher.h"
#include "guest/kernel/syscall/info_topics.h"

namespace gk::syscall {

Result<> InfoTimer(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<TimerDispatcher> timer,
                    caller.handles().Get<TimerDispatcher>(handle, ZX_RIGHT_INSPECT));
  return sink.SetOnly(zx_info_timer_t{.options = timer->options(),
                                      .clock_id = ZX_CLOCK_MONOTONIC,
                                      .deadline = timer->pending_deadline(),
                                      .slack = timer->slack()});
}

}  // namespace gk::syscall
