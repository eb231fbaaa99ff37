#include "guest/kernel/object/wait_one.h"

#include "guest/kernel/sched/wait_queue.h"

namespace gk {
namespace {

class BlockingObserver final : public SignalObserver {
 public:
  void OnMatch(zx_signals_t signals) override { Finish(signals, Status(ZX_OK)); }
  void OnCancel(zx_signals_t signals) override { Finish(signals, Status(ZX_ERR_CANCELED)); }

  Status Wait(zx_time_t deadline) { return queue_.Block(deadline, BlockReason::kWaitOne); }
  [[nodiscard]] const WaitOneResult& heard() const { return heard_; }

 private:
  void Finish(zx_signals_t signals, Status status) {
    heard_ = {status, signals};
    queue_.WakeOne();
  }

  WaitQueue queue_;
  WaitOneResult heard_{Status(ZX_OK), 0};
};

}  // namespace

WaitOneResult WaitOne(const RefPtr<Dispatcher>& object, HandleKey key, zx_signals_t watched, zx_time_t deadline) {
  if ((object->signals() & watched) != 0) {
    return {Status(ZX_OK), object->signals()};
  }
  BlockingObserver observer;
  object->AddObserver(observer, watched, key);
  const Status status = observer.Wait(deadline);
  // The deadline may pass and the signal come before this thread runs again: what the observer heard counts.
  if (!observer.is_linked()) {
    return observer.heard();
  }
  observer.StopObserving();
  return {status, object->signals()};
}

}  // namespace gk
