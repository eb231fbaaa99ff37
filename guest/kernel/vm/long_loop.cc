#include "guest/kernel/vm/long_loop.h"

#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/sched/thread.h"

namespace gk {

Result<> LongLoop::OnProgress(uint64_t bytes) {
  since_pause_ += bytes;
  const Thread* thread = Thread::Current();
  if (since_pause_ < kStretch || thread == nullptr) {
    return {};
  }
  since_pause_ = 0;
  if (thread->kill_pending()) {
    return Error(ZX_ERR_INTERNAL_INTR_KILLED);
  }
  kernel_lock.Relax();
  Thread::YieldCurrent();
  return {};
}

}  // namespace gk
