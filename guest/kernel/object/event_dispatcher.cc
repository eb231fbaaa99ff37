#include "guest/kernel/object/event_dispatcher.h"

namespace gk {

Result<EventPairDispatcher::Ends> EventPairDispatcher::Create() {
  Ends ends{.first = MakeRefCounted<EventPairDispatcher>(), .second = MakeRefCounted<EventPairDispatcher>()};
  if (!ends.first || !ends.second) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  Connect(*ends.first, *ends.second);
  return ends;
}

Result<RefPtr<Dispatcher>> EventPairDispatcher::Peer() const {
  PAGODA_TRY_ASSIGN(RefPtr<EventPairDispatcher> peer, FindPeer());
  return RefPtr<Dispatcher>(std::move(peer));
}

void EventPairDispatcher::OnZeroHandles() {
  if (const RefPtr<EventPairDispatcher> peer = Disconnect()) {
    peer->UpdateSignals(0, ZX_EVENTPAIR_PEER_CLOSED);
  }
}

}  // namespace gk
