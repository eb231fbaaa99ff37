// One host-served object that this kernel has opened, or is opening: the PageProvider of its page source.
//
//              answer: ZX_OK              last reference dropped
//   kOpening ----------------> kOpen --------------------------> the object is closed at the host
//       |      answer: error
//       +--------------------> kFailed
//
// Who waits for the answer holds a reference, and so does the operation on its way: when the waiter is killed the
// object outlives it until the answer has come, and closes what was opened. Closing needs a ticket, which is allocated
// with the object, so that it cannot fail for want of memory. Kernel lock held.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "guest/kernel/vm/page_provider.h"
#include "shared/abi/port_device.h"
#include "shared/base/intrusive_list.h"

namespace gk::drivers {

class PortClient;

// An object's number at the host, on its way to be closed.
struct CloseTicket : HeapObject, base::ListNode<CloseTicket> {
  uint64_t object = 0;
};

class PortObject final : public PageProvider {
 public:
  // Null when there is no memory. `client` outlives the object.
  static RefPtr<PortObject> Create(PortClient& client);
  ~PortObject() override;

  [[nodiscard]] bool fills_pages() const override { return true; }
  // What costs about as much as the fault itself when it comes from the host's page cache (128 KiB: some 20 us).
  [[nodiscard]] size_t max_read_ahead_pages() const override { return SourceRequest::kMaxFilledPages; }
  Result<> Send(SourceRequest& request) override;
  // Only READs are sent, and those are never withdrawn.
  void Withdraw(SourceRequest& request) override;
  void OnComplete() override {}  // the host hears of it when the object is closed
  void PollCompletions() override;
  void PrepareToBlock() override;

  // The answer to the open operation. `reply` means something when `status` is ZX_OK.
  void OnOpenAnswer(Status status, const abi::PortReply& reply);

  [[nodiscard]] bool answered() const { return state_ != State::kOpening; }
  [[nodiscard]] WaitQueue& wait_for_answer() { return wait_for_answer_; }

  // Precondition: answered(). The three below: status() is ZX_OK.
  [[nodiscard]] Status status() const { return status_; }
  [[nodiscard]] uint64_t size() const { return size_; }                  // bytes, a page multiple
  [[nodiscard]] uint64_t content_size() const { return content_size_; }  // bytes, in the last page
  [[nodiscard]] bool read_only() const { return read_only_; }

 private:
  enum class State : uint8_t { kOpening, kOpen, kFailed };

  template <typename T, typename... Args>
  friend RefPtr<T> gk::MakeRefCounted(Args&&... args);
  PortObject(PortClient& client, CloseTicket* ticket) : client_(client), ticket_(ticket) {}

  PortClient& client_;
  CloseTicket* ticket_;  // owned; names the object when the host has opened one
  State state_ = State::kOpening;
  Status status_{ZX_OK};
  uint64_t size_ = 0;
  uint64_t content_size_ = 0;
  bool read_only_ = false;
  WaitQueue wait_for_answer_;
};

}  // namespace gk::drivers
