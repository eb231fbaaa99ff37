#include "guest/kernel/object/channel_dispatcher.h"

#include "guest/kernel/lib/panic.h"

namespace gk {
namespace {

// Numbers with the top bit are the kernel's; programs that number their own messages stay below.
constexpr zx_txid_t kKernelTxid = zx_txid_t{1} << 31;

}  // namespace

Result<ChannelDispatcher::Ends> ChannelDispatcher::Create() {
  Ends ends{.first = MakeRefCounted<ChannelDispatcher>(), .second = MakeRefCounted<ChannelDispatcher>()};
  if (!ends.first || !ends.second) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  Connect(*ends.first, *ends.second);
  return ends;
}

ChannelDispatcher::~ChannelDispatcher() { GK_ASSERT(calls_.empty()); }

Result<RefPtr<Dispatcher>> ChannelDispatcher::Peer() const {
  PAGODA_TRY_ASSIGN(RefPtr<ChannelDispatcher> peer, FindPeer());
  return RefPtr<Dispatcher>(std::move(peer));
}

MessagePtr ChannelDispatcher::Read() {
  MessagePtr message = messages_.Pop();
  if (messages_.size() == 0) {
    UpdateSignals(ZX_CHANNEL_READABLE, 0);
  }
  return message;
}

Result<> ChannelDispatcher::Write(MessagePtr message) {
  PAGODA_TRY_ASSIGN(const RefPtr<ChannelDispatcher> peer, FindPeer());
  return peer->Receive(std::move(message));
}

Result<> ChannelDispatcher::Receive(MessagePtr message) {
  if (PendingCall* call = FindCall(message->txid()); call != nullptr) {
    call->reply = std::move(message);
    call->Unlink();
    call->queue.WakeOne();
    return {};
  }
  if (messages_.size() == kMaxPendingMessages) {
    return Error(ZX_ERR_SHOULD_WAIT);
  }
  messages_.Push(std::move(message));
  UpdateSignals(0, ZX_CHANNEL_READABLE);
  return {};
}

Result<MessagePtr> ChannelDispatcher::Call(MessagePtr request, zx_time_t deadline) {
  PAGODA_TRY_ASSIGN(const RefPtr<ChannelDispatcher> peer, FindPeer());
  PendingCall call;
  call.txid = NewTxid();
  request->SetTxid(call.txid);
  PAGODA_TRY(peer->Receive(std::move(request)));
  calls_.PushBack(call);
  const Status status = call.queue.Block(deadline, BlockReason::kChannel);
  // The deadline may pass and the reply come before this thread runs again: the reply counts.
  if (call.reply) {
    return std::move(call.reply);
  }
  if (call.is_linked()) {
    call.Unlink();
  }
  return Error(status);
}

ChannelDispatcher::PendingCall* ChannelDispatcher::FindCall(zx_txid_t txid) {
  for (PendingCall& call : calls_) {
    if (call.txid == txid) {
      return &call;
    }
  }
  return nullptr;
}

zx_txid_t ChannelDispatcher::NewTxid() {
  do {
    last_txid_ = (last_txid_ + 1) | kKernelTxid;
  } while (FindCall(last_txid_) != nullptr);
  return last_txid_;
}

void ChannelDispatcher::FailCalls(Status status) {
  while (PendingCall* call = calls_.PopFront()) {
    call->queue.WakeOne(status);
  }
}

void ChannelDispatcher::OnZeroHandles() {
  FailCalls(Status(ZX_ERR_CANCELED));
  messages_.Clear();
  if (const RefPtr<ChannelDispatcher> peer = Disconnect()) {
    peer->FailCalls(Status(ZX_ERR_PEER_CLOSED));
    peer->UpdateSignals(ZX_CHANNEL_WRITABLE, ZX_CHANNEL_PEER_CLOSED);
  }
}

}  // namespace gk
