#include "guest/kernel/object/dispatcher.h"

#include "guest/kernel/lib/panic.h"

namespace gk {
namespace {

// Koids are never given twice; 64 bits do not run out.
constinit zx_koid_t next_koid = ZX_KOID_FIRST;

}  // namespace

Dispatcher::Dispatcher(zx_obj_type_t type, zx_signals_t signals) : type_(type), koid_(next_koid++), signals_(signals) {}

void Dispatcher::UpdateSignals(zx_signals_t clear, zx_signals_t set) {
  const zx_signals_t before = signals_;
  signals_ = (signals_ & ~clear) | set;
  const zx_signals_t risen = signals_ & ~before;
  if (risen == 0) {
    return;
  }
  for (auto it = observers_.begin(); it != observers_.end();) {
    SignalObserver& observer = *it;
    ++it;
    if ((observer.watch().signals & risen) != 0) {
      observer.Unlink();
      observer.OnMatch(signals_);
    }
  }
}

void Dispatcher::AddObserver(SignalObserver& observer, zx_signals_t watched, HandleKey key) {
  observer.set_watch({.signals = watched, .key = key});
  observers_.PushFront(observer);
}

void Dispatcher::CancelObservers(HandleKey key) {
  for (auto it = observers_.begin(); it != observers_.end();) {
    SignalObserver& observer = *it;
    ++it;
    if (observer.watch().key == key) {
      observer.Unlink();
      observer.OnCancel(signals_ | ZX_SIGNAL_HANDLE_CLOSED);
    }
  }
}

void Dispatcher::OnHandleDestroyed() {
  GK_ASSERT(handle_count_ > 0);
  if (--handle_count_ == 0) {
    OnZeroHandles();
  }
}

}  // namespace gk
