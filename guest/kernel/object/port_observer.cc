#include "guest/kernel/object/port_observer.h"

#include "guest/kernel/object/port_dispatcher.h"
#include "guest/kernel/sched/clock.h"

namespace gk {

PortObserver::PortObserver(PortDispatcher& port, HandleKey handle, const AsyncWait& wait)
    : port_(port), handle_(handle), options_(wait.options) {
  contents().key = wait.key;
  contents().type = ZX_PKT_TYPE_SIGNAL_ONE;
  contents().signal.trigger = wait.signals;
  contents().signal.count = 1;
  port_.observers_.PushBack(*this);
}

PortObserver::~PortObserver() { static_cast<base::ListNode<PortObserverTag>*>(this)->Unlink(); }

void PortObserver::Start(Dispatcher& object) {
  object_koid_ = object.koid();
  const zx_signals_t wanted = contents().signal.trigger;
  if ((options_ & ZX_WAIT_ASYNC_EDGE) == 0 && (object.signals() & wanted) != 0) {
    OnMatch(object.signals());
  } else {
    object.AddObserver(*this, wanted, handle_);
  }
}

void PortObserver::Cancel() {
  if (is_queued()) {
    static_cast<base::ListNode<PortPacket>*>(this)->Unlink();
  }
  StopObserving();
  delete this;
}

void PortObserver::OnMatch(zx_signals_t signals) {
  contents().signal.observed = signals;
  if ((options_ & ZX_WAIT_ASYNC_TIMESTAMP) != 0) {
    contents().signal.timestamp = CurrentTime();
  }
  port_.Append(*this);
}

void PortObserver::OnCancel(zx_signals_t /*signals*/) { delete this; }

void PortObserver::OnRemoved(Removal /*removal*/) { delete this; }

}  // namespace gk
