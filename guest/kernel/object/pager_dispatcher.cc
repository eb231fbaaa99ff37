#include "guest/kernel/object/pager_dispatcher.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/object/pager_packets.h"

namespace gk {

PagerDispatcher::~PagerDispatcher() { GK_ASSERT(clients_.empty()); }

Result<RefPtr<Vmo>> PagerDispatcher::CreateVmo(RefPtr<PortDispatcher> port, uint64_t key, uint64_t size,
                                               const PagerVmoOptions& options) {
  GK_ASSERT(handle_count() != 0);
  RefPtr<PagerPackets> packets = PagerPackets::Create(*this, std::move(port), key);
  if (!packets) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PagerPackets& provider = *packets;
  RefPtr<PageSource> source = PageSource::Create(std::move(packets));
  if (!source) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  provider.Bind(*source);
  return Vmo::CreatePagerBacked(std::move(source), size, options);
}

void PagerDispatcher::OnZeroHandles() {
  while (PagerClient* client = clients_.PopFront()) {
    client->OnPagerClosed();
  }
}

}  // namespace gk
