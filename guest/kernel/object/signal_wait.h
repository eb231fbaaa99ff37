// Blocking until a signal of one of some objects is active.
#pragma once

#include <zircon/types.h>

#include <span>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/sched/wait_queue.h"

namespace gk {

// One object of a wait. Lives until the wait is over.
class WaitTarget final : public SignalObserver {
 public:
  // `handle`: through which handle the wait is, or nothing for the kernel's own waits.
  WaitTarget(RefPtr<Dispatcher> object, HandleKey handle, zx_signals_t watched)
      : object_(std::move(object)), handle_(handle), watched_(watched) {}

  // After the wait: the signals that were active when one of those watched for became active, with
  // ZX_SIGNAL_HANDLE_CLOSED when the handle was closed; of an object of which nothing was heard, those of the end.
  [[nodiscard]] zx_signals_t observed() const { return observed_; }

 private:
  friend Status WaitForAny(std::span<WaitTarget> targets, zx_time_t deadline, BlockReason reason);
  void Begin(WaitQueue& queue);
  void End();
  void OnMatch(zx_signals_t signals) override { Finish(signals); }
  void OnCancel(zx_signals_t signals) override { Finish(signals); }
  void Finish(zx_signals_t signals);

  const RefPtr<Dispatcher> object_;
  const HandleKey handle_;
  const zx_signals_t watched_;
  WaitQueue* queue_ = nullptr;
  zx_signals_t observed_ = 0;
  bool heard_ = false;
};

// Blocks until something is heard of one of the targets or until `deadline` (CurrentTime's clock); a deadline in the
// past only looks. ZX_OK; ZX_ERR_TIMED_OUT; ZX_ERR_CANCELED: one of the handles was closed meanwhile;
// ZX_ERR_INTERNAL_INTR_KILLED, ZX_ERR_INTERNAL_INTR_RETRY.
Status WaitForAny(std::span<WaitTarget> targets, zx_time_t deadline, BlockReason reason);

}  // namespace gk
