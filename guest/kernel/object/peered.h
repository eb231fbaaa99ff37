// Two objects that were made together and know each other until one of them ends: a Dispatcher derives from
// Peered<itself> beside Dispatcher.
//
// Neither keeps the other alive: a pair of which both handles are gone must not hold itself in a circle.
#pragma once

#include <zircon/types.h>

#include <utility>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"

namespace gk {

template <typename Self>
class Peered {
 public:
  Peered(const Peered&) = delete;
  Peered& operator=(const Peered&) = delete;

  // Precondition: neither has a peer.
  static void Connect(Self& first, Self& second) {
    first.ConnectTo(second);
    second.ConnectTo(first);
  }

 protected:
  Peered() = default;
  ~Peered() { Disconnect(); }

  // Both forget each other. Returns who it was; null when there is none any more.
  RefPtr<Self> Disconnect() {
    Self* peer = std::exchange(peer_, nullptr);
    if (peer != nullptr) {
      static_cast<Peered*>(peer)->peer_ = nullptr;
    }
    return RefPtr<Self>(peer);
  }

  // ZX_ERR_PEER_CLOSED.
  [[nodiscard]] Result<RefPtr<Self>> FindPeer() const {
    if (peer_ == nullptr) {
      return Error(ZX_ERR_PEER_CLOSED);
    }
    return RefPtr<Self>(peer_);
  }
  [[nodiscard]] bool has_peer() const { return peer_ != nullptr; }
  [[nodiscard]] zx_koid_t peer_koid() const { return peer_koid_; }

 private:
  void ConnectTo(Self& peer) {
    peer_ = &peer;
    peer_koid_ = peer.koid();
  }

  Self* peer_ = nullptr;
  zx_koid_t peer_koid_ = ZX_KOID_INVALID;
};

}  // namespace gk
