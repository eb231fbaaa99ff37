#include "guest/kernel/object/pager_packets.h"

#include <new>
#include <utility>

namespace gk {
namespace {

zx_port_packet_t MakePacket(uint64_t key, zx_page_request_command_t command, uint64_t offset, uint64_t length) {
  zx_port_packet_t packet{};
  packet.key = key;
  packet.type = ZX_PKT_TYPE_PAGE_REQUEST;
  packet.status = ZX_OK;
  packet.page_request.command = command;
  packet.page_request.offset = offset;
  packet.page_request.length = length;
  return packet;
}

zx_page_request_command_t CommandOf(SourceRequestKind kind) {
  return kind == SourceRequestKind::kRead ? ZX_PAGER_VMO_READ : ZX_PAGER_VMO_DIRTY;
}

}  // namespace

// Exists while it is in the port; the request names it meanwhile (provider_data).
class PagerPackets::RequestPacket final : public PortPacket {
 public:
  RequestPacket(uint64_t key, SourceRequest& request) : request_(request) {
    contents() =
        MakePacket(key, CommandOf(request.kind), request.first_page * kPageSize, request.page_count * kPageSize);
    request_.provider_data = reinterpret_cast<uintptr_t>(this);
  }
  void OnRemoved(Removal /*removal*/) override { delete this; }

 private:
  friend class PagerPackets;
  ~RequestPacket() override { request_.provider_data = 0; }

  SourceRequest& request_;
};

// Waits with the provider until it is sent, and then belongs to itself: the VMO may be gone long before it is received.
class PagerPackets::CompletePacket final : public PortPacket, public PagerClient {
 public:
  CompletePacket(RefPtr<PortDispatcher> port, uint64_t key) : port_(std::move(port)) {
    contents() = MakePacket(key, ZX_PAGER_VMO_COMPLETE, 0, 0);
  }
  ~CompletePacket() override = default;

  // The packet is gone afterwards if the port takes none.
  void Send(PagerDispatcher& pager) {
    if (port_->Queue(*this).ok()) {
      pager.AddClient(*this);
    } else {
      delete this;
    }
  }
  void OnRemoved(Removal /*removal*/) override { delete this; }
  void OnPagerClosed() override {
    port_->Withdraw(*this);
    delete this;
  }

 private:
  const RefPtr<PortDispatcher> port_;
};

RefPtr<PagerPackets> PagerPackets::Create(PagerDispatcher& pager, RefPtr<PortDispatcher> port, uint64_t key) {
  auto* complete = new (std::nothrow) CompletePacket(port, key);
  if (complete == nullptr) {
    return nullptr;
  }
  RefPtr<PagerPackets> packets = MakeRefCounted<PagerPackets>(pager, std::move(port), complete);
  if (!packets) {
    delete complete;
  }
  return packets;
}

PagerPackets::PagerPackets(PagerDispatcher& pager, RefPtr<PortDispatcher> port, CompletePacket* complete)
    : pager_(&pager), port_(std::move(port)), key_(complete->contents().key), complete_(complete) {
  pager.AddClient(*this);
}

PagerPackets::~PagerPackets() { DropComplete(); }

PagerIdentity PagerPackets::identity() const {
  if (pager_ == nullptr) {
    return {.kind = PagerIdentity::Kind::kClosedProgram, .key = key_};
  }
  return {.kind = PagerIdentity::Kind::kProgram, .number = pager_->koid(), .key = key_};
}

PagerPackets::RequestPacket* PagerPackets::PacketOf(const SourceRequest& request) {
  return reinterpret_cast<RequestPacket*>(static_cast<uintptr_t>(request.provider_data));
}

Result<> PagerPackets::Send(SourceRequest& request) {
  auto* packet = new (std::nothrow) RequestPacket(key_, request);
  if (packet == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  if (!port_->Queue(*packet).ok()) {
    delete packet;  // closed: nobody will read it, but the request may be answered all the same
  }
  return {};
}

void PagerPackets::Withdraw(SourceRequest& request) {
  if (RequestPacket* packet = PacketOf(request); packet != nullptr) {
    port_->Withdraw(*packet);
    delete packet;
  }
}

void PagerPackets::OnComplete() {
  if (CompletePacket* complete = std::exchange(complete_, nullptr); complete != nullptr) {
    complete->Send(*pager_);
  }
}

void PagerPackets::DropComplete() { delete std::exchange(complete_, nullptr); }

void PagerPackets::OnPagerClosed() {
  const RefPtr<PageSource> keep_alive(source_);
  pager_ = nullptr;
  DropComplete();
  source_->Close();
}

}  // namespace gk
