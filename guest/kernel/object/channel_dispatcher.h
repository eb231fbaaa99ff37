// One end of a channel: messages that the other end has written wait here to be read, in order.
//
// An end without handles is closed: what waits in it is discarded, and the peer can read what it has and no more. The
// kernel may be at one end itself: it then keeps a Handle, because references do not keep an end open.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/message.h"
#include "guest/kernel/object/peered.h"
#include "guest/kernel/sched/wait_queue.h"

namespace gk {

class ChannelDispatcher final : public Dispatcher, public Peered<ChannelDispatcher> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_CHANNEL;
  // So many messages wait at most in one end: what a program does not read must not fill the machine.
  static constexpr uint32_t kMaxPendingMessages = 3500;
  struct Ends {
    RefPtr<ChannelDispatcher> first;
    RefPtr<ChannelDispatcher> second;
  };

  // ZX_ERR_NO_MEMORY.
  static Result<Ends> Create();
  ~ChannelDispatcher() override;

  // The message that is read next, which stays where it is. Null: there is none.
  [[nodiscard]] const Message* Front() { return messages_.size() != 0 ? &messages_.front() : nullptr; }
  // Why there is none: ZX_ERR_SHOULD_WAIT or ZX_ERR_PEER_CLOSED.
  [[nodiscard]] Status EmptyStatus() const { return Status(has_peer() ? ZX_ERR_SHOULD_WAIT : ZX_ERR_PEER_CLOSED); }
  // Takes out the message that Front shows. Precondition: there is one.
  [[nodiscard]] MessagePtr Read();

  // Puts a message into the peer. ZX_ERR_PEER_CLOSED; ZX_ERR_SHOULD_WAIT: kMaxPendingMessages are there already. The
  // message is gone in every case.
  Result<> Write(MessagePtr message);

  // Writes `request`, which has at least four bytes, with a new number in those, and blocks until a message with that
  // number comes back, which does not show up among those to read. ZX_ERR_PEER_CLOSED, ZX_ERR_SHOULD_WAIT,
  // ZX_ERR_TIMED_OUT, ZX_ERR_CANCELED when this end was closed, ZX_ERR_INTERNAL_INTR_KILLED.
  Result<MessagePtr> Call(MessagePtr request, zx_time_t deadline);

  [[nodiscard]] Result<RefPtr<Dispatcher>> Peer() const override;
  [[nodiscard]] zx_koid_t related_koid() const override { return peer_koid(); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ChannelDispatcher() : Dispatcher(kType, ZX_CHANNEL_WRITABLE) {}

  // A thread in Call, on its stack.
  struct PendingCall : base::ListNode<PendingCall> {
    zx_txid_t txid = 0;
    MessagePtr reply;
    WaitQueue queue;
  };

  void OnZeroHandles() override;
  // The peer wrote.
  Result<> Receive(MessagePtr message);
  [[nodiscard]] PendingCall* FindCall(zx_txid_t txid);
  [[nodiscard]] zx_txid_t NewTxid();
  void FailCalls(Status status);

  MessageQueue messages_;
  base::IntrusiveList<PendingCall> calls_;
  zx_txid_t last_txid_ = 0;
};

}  // namespace gk
