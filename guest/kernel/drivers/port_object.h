// One object of the host's that this kernel has open: the VMO that all its programs share, and the PageProvider behind
// that VMO's source.
//
// The kernel holds the VMO itself, as its pager does; programs get references to it (ZX_VMO_CHILD_REFERENCE), so the
// number of its children is the number of those who use it. What moves it on, and what it sends (COMPLETE) then:
//
//   state                no child left       host detaches        COMPLETE answered
//   kOpen                kCompleting, sends  kDetaching, sends
//   kDetaching           kLastDetaching                           kDetached
//   kDetached            kCompleting, sends
//   kLastDetaching                                                kCompleting, sends
//   kCompleting                                                   kClosed
//
// The host can operate on the VMO in all states but kClosed; so it can write back until it has answered. Programs that
// open the object get a reference in kOpen and are told to wait in kCompleting and kLastDetaching.
// Kernel lock held.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/drivers/port_errand.h"
#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/abi/port_device.h"
#include "shared/base/intrusive_list.h"

namespace gk::drivers {

class PortClient;
struct PortTurnTag;

// An object's number at the host, on its way to be closed.
struct CloseTicket : HeapObject, base::ListNode<CloseTicket> {
  uint64_t object = 0;
  uint64_t opens = 0;  // successful answers to kOpen
};

class PortObject final : public PageProvider,
                         public base::ListNode<PortObject>,
                         public base::ListNode<PortTurnTag>,
                         private VmoChildObserver {
 public:
  // Null when there is no memory. `client` outlives the object.
  static RefPtr<PortObject> Create(PortClient& client);
  ~PortObject() override;

  // PageProvider
  [[nodiscard]] PagerIdentity identity() const override {
    return {.kind = PagerIdentity::Kind::kHost, .number = number_};
  }
  [[nodiscard]] bool fills_pages() const override { return true; }
  // From the host's page cache 2 MiB take half a millisecond, during which the reader uses what came before.
  [[nodiscard]] size_t max_read_ahead_pages() const override { return SourceRequest::kMaxFilledPages; }
  Result<> Send(SourceRequest& request) override;
  void Withdraw(SourceRequest& request) override;
  void OnComplete() override;
  Result<> Sync() override;
  [[nodiscard]] bool has_answers() const override;
  void PollCompletions() override;
  void PrepareToBlock() override;

  // The host has opened it: makes the VMO. Once. ZX_ERR_IO_DATA_INTEGRITY: the reply makes no sense; ZX_ERR_NO_MEMORY.
  // After a failure it is good for nothing but Close.
  Result<> OnOpened(const abi::PortReply& reply);
  // The host has opened it once more.
  void CountOpen() { ++ticket_->opens; }
  [[nodiscard]] static uint64_t NumberOf(const abi::PortReply& reply) { return reply.object; }

  // A reference to the VMO for a program. ZX_ERR_BAD_STATE: it was detached. ZX_ERR_NO_MEMORY. Precondition: not
  // ends_soon().
  Result<RefPtr<Vmo>> MakeReference();

  // Nobody has it, or is about to: sends COMPLETE.
  void BeginToComplete();
  void OnCompleteAnswered();
  // Gives up the VMO and closes the object at the host. Wakes who waits for that.
  void Close();

  [[nodiscard]] uint64_t number() const { return number_; }
  [[nodiscard]] bool read_only() const { return read_only_; }
  // Null when it is closed.
  [[nodiscard]] Vmo* vmo() const { return vmo_.get(); }
  // It is being completed without anybody having it: who wants to open it waits.
  [[nodiscard]] bool ends_soon() const {
    return state_ != State::kOpen && state_ != State::kDetaching && state_ != State::kDetached;
  }
  [[nodiscard]] WaitQueue& wait_for_close() { return wait_for_close_; }

  // What is to be sent for it (PortRequests).
  [[nodiscard]] PortBacklog& backlog() { return backlog_; }

 private:
  enum class State : uint8_t { kOpen, kDetaching, kDetached, kLastDetaching, kCompleting, kClosed };

  template <typename T, typename... Args>
  friend RefPtr<T> gk::MakeRefCounted(Args&&... args);
  PortObject(PortClient& client, CloseTicket* ticket) : client_(client), ticket_(ticket) {}

  void OnFirstChild() override {}
  void OnZeroChildren() override;
  void SendComplete(State state);

  PortClient& client_;
  CloseTicket* ticket_;  // owned until the object is closed; names it when the host has opened one
  State state_ = State::kOpen;
  bool read_only_ = false;
  uint64_t number_ = 0;
  RefPtr<Vmo> vmo_;
  PortErrand complete_{abi::PortRequestKind::kComplete};
  PortBacklog backlog_;
  WaitQueue wait_for_close_;
};

}  // namespace gk::drivers
