#include "guest/kernel/object/port_dispatcher.h"

#include <new>

#include "guest/kernel/lib/panic.h"

namespace gk {

class PortDispatcher::UserPacket final : public PortPacket {
 public:
  UserPacket(PortDispatcher& port, const zx_port_packet_t& packet) : port_(port) {
    contents() = packet;
    contents().type = ZX_PKT_TYPE_USER;
    ++port_.user_packets_;
  }
  void OnRemoved(Removal /*removal*/) override { delete this; }

 private:
  ~UserPacket() override { --port_.user_packets_; }

  PortDispatcher& port_;
};

PortDispatcher::~PortDispatcher() { GK_ASSERT(packets_.empty() && observers_.empty()); }

Result<> PortDispatcher::QueueUser(const zx_port_packet_t& contents) {
  if (closed_) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  if (user_packets_ == kMaxUserPackets) {
    return Error(ZX_ERR_SHOULD_WAIT);
  }
  auto* packet = new (std::nothrow) UserPacket(*this, contents);
  if (packet == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  Append(*packet);
  return {};
}

Result<> PortDispatcher::Queue(PortPacket& packet) {
  if (closed_) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  Append(packet);
  return {};
}

bool PortDispatcher::Withdraw(PortPacket& packet) {
  if (!packet.is_queued()) {
    return false;
  }
  packet.Unlink();
  return true;
}

void PortDispatcher::Append(PortPacket& packet) {
  packets_.PushBack(packet);
  receivers_.WakeOne();
}

Result<zx_port_packet_t> PortDispatcher::Wait(zx_time_t deadline) {
  Status blocked(ZX_OK);
  for (;;) {
    // Also after the deadline: a packet may have come before this thread ran again.
    if (PortPacket* packet = packets_.PopFront()) {
      const zx_port_packet_t contents = packet->contents();
      packet->OnRemoved(PortPacket::Removal::kReceived);
      return contents;
    }
    if (closed_) {
      return Error(ZX_ERR_BAD_HANDLE);
    }
    if (!blocked.ok()) {
      return Error(blocked);
    }
    blocked = receivers_.Block(deadline, BlockReason::kPort);
  }
}

Result<> PortDispatcher::Observe(Dispatcher& object, HandleKey handle, const AsyncWait& wait) {
  if (closed_) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  auto* observer = new (std::nothrow) PortObserver(*this, handle, wait);
  if (observer == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  observer->Start(object);
  return {};
}

template <typename Predicate>
bool PortDispatcher::CancelIf(Predicate matches) {
  bool found = false;
  for (auto it = observers_.begin(); it != observers_.end();) {
    PortObserver& observer = *it;
    ++it;
    if (matches(observer)) {
      observer.Cancel();
      found = true;
    }
  }
  return found;
}

bool PortDispatcher::CancelObservers(HandleKey handle, zx_koid_t object, uint64_t key) {
  return CancelIf([&](PortObserver& observer) { return observer.Matches(handle, object, key); });
}

bool PortDispatcher::CancelKey(uint64_t key) {
  bool found = CancelIf([&](PortObserver& observer) { return observer.contents().key == key; });
  for (auto it = packets_.begin(); it != packets_.end();) {
    PortPacket& packet = *it;
    ++it;
    if (packet.contents().key == key && packet.contents().type == ZX_PKT_TYPE_USER) {
      packet.Unlink();
      packet.OnRemoved(PortPacket::Removal::kDiscarded);
      found = true;
    }
  }
  return found;
}

void PortDispatcher::OnZeroHandles() {
  closed_ = true;
  CancelIf([](PortObserver& /*observer*/) { return true; });
  while (PortPacket* packet = packets_.PopFront()) {
    packet->OnRemoved(PortPacket::Removal::kDiscarded);
  }
  receivers_.WakeAll();
}

}  // namespace gk
