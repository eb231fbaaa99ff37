// A packet on its way through a port.
//
// Whoever sends it owns it: a packet can be allocated for one journey, or be a part of its source that travels again
// and again and can never fail for want of memory.
#pragma once

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include "guest/kernel/lib/heap.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class PortPacket : public HeapObject, public base::ListNode<PortPacket> {
 public:
  enum class Removal : uint8_t { kReceived, kDiscarded };

  PortPacket() = default;
  PortPacket(const PortPacket&) = delete;
  PortPacket& operator=(const PortPacket&) = delete;

  // What the receiver gets. Not to be changed while it is queued, except by its source, which may.
  [[nodiscard]] zx_port_packet_t& contents() { return contents_; }
  [[nodiscard]] bool is_queued() const { return static_cast<const base::ListNode<PortPacket>*>(this)->is_linked(); }

  // The packet has left its port: somebody received it, or it was cancelled, or the port ended. It may be queued again
  // or destroyed here.
  virtual void OnRemoved(Removal removal) = 0;

 protected:
  // Precondition: not queued.
  virtual ~PortPacket() = default;

 private:
  zx_port_packet_t contents_{};
};

}  // namespace gk
