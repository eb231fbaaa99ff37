// One zx_object_wait_async: watches an object for a signal, then is the packet that tells of it.
//
//              the signal rises                   received, cancelled, port gone
//   watching --------------------> packet queued ------------------------------> destroyed
//       |                                                                            ^
//       +------------- cancelled, watched handle closed, port gone ------------------+
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/port_packet.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class PortDispatcher;
struct PortObserverTag;

// What a program asked for.
struct AsyncWait {
  uint64_t key;
  zx_signals_t signals;
  uint32_t options;  // ZX_WAIT_ASYNC_*
};

class PortObserver final : public PortPacket, public SignalObserver, public base::ListNode<PortObserverTag> {
 public:
  PortObserver(PortDispatcher& port, HandleKey handle, const AsyncWait& wait);

  // Begins to watch, or queues the packet at once.
  void Start(Dispatcher& object);
  [[nodiscard]] bool Matches(HandleKey handle, zx_koid_t object, uint64_t key) {
    return handle_ == handle && object_koid_ == object && contents().key == key;
  }
  // Ends it, in whichever state it is. The object is gone afterwards.
  void Cancel();

  void OnMatch(zx_signals_t signals) override;
  // The watched handle was closed. A packet that is queued already is not affected.
  void OnCancel(zx_signals_t signals) override;
  void OnRemoved(Removal removal) override;

 private:
  ~PortObserver() override;

  PortDispatcher& port_;
  const HandleKey handle_;
  const uint32_t options_;
  zx_koid_t object_koid_ = ZX_KOID_INVALID;
};

}  // namespace gk
