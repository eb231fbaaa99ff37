// A port: a queue of packets that threads wait for. Packets come from programs, from signals of objects, and from
// sources inside the kernel.
//
// A port without handles is closed: nothing can be queued or observed any more, whoever waits is told, and what was
// queued is discarded.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/port_observer.h"
#include "guest/kernel/object/port_packet.h"
#include "guest/kernel/sched/wait_queue.h"

namespace gk {

class PortDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PORT;
  // So many packets of programs wait in one port; packets of signals are bounded by their observers.
  static constexpr uint32_t kMaxUserPackets = 4096;

  // Null when there is no memory.
  static RefPtr<PortDispatcher> Create() { return MakeRefCounted<PortDispatcher>(); }
  ~PortDispatcher() override;

  // Queues a copy of `contents`, as a packet of a program. ZX_ERR_NO_MEMORY; ZX_ERR_SHOULD_WAIT: kMaxUserPackets are
  // there; ZX_ERR_BAD_HANDLE: the port is closed.
  Result<> QueueUser(const zx_port_packet_t& contents);

  // Queues a packet that belongs to its source, which keeps it alive until it is removed. ZX_ERR_BAD_HANDLE: the port
  // is closed, the packet was not queued. Precondition: the packet is in no queue.
  Result<> Queue(PortPacket& packet);
  // Takes such a packet out again; its OnRemoved is not called. False: it was not queued.
  bool Withdraw(PortPacket& packet);

  // Waits for a packet. ZX_ERR_TIMED_OUT; ZX_ERR_BAD_HANDLE: the port was closed; ZX_ERR_INTERNAL_INTR_KILLED,
  // ZX_ERR_INTERNAL_INTR_RETRY.
  Result<zx_port_packet_t> Wait(zx_time_t deadline);

  // Queues a packet when one of the signals rises, or is active already unless the wait is for an edge.
  // ZX_ERR_NO_MEMORY; ZX_ERR_BAD_HANDLE: the port is closed.
  Result<> Observe(Dispatcher& object, HandleKey handle, const AsyncWait& wait);
  // Ends what Observe began for this handle, object and key, and takes out the packets. False: there was nothing.
  bool CancelObservers(HandleKey handle, zx_koid_t object, uint64_t key);
  // Ends every wait with this key, and takes out all packets of programs and signals with it. False: there was nothing.
  bool CancelKey(uint64_t key);

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  friend class PortObserver;
  class UserPacket;

  PortDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}

  void OnZeroHandles() override;
  void Append(PortPacket& packet);
  // Ends every observer for which `matches` is true. Returns whether there was one.
  template <typename Predicate>
  bool CancelIf(Predicate matches);

  base::IntrusiveList<PortPacket> packets_;
  base::IntrusiveList<PortObserver, PortObserverTag> observers_;
  WaitQueue receivers_;
  uint32_t user_packets_ = 0;
  bool closed_ = false;
};

}  // namespace gk
