// The page reads that are with the port device (queue kPortRequestQueue), and those that wait for room.
//
//             room in the queue              used by the device
//   pending ---------------------> in a slot -------------------> answered (PageSource::OnRequestDone)
//
// Reads name the pages to fill, so data does not pass through here. They are answered in whatever order the device
// likes. Nothing is allocated after SetUp. Kernel lock held; nothing blocks.
//
// Interrupts. Whoever waits polls first, and an interrupt for an answer that somebody polls for is the most expensive
// part of a fault. So the device is asked for interrupts only when a waiter is about to sleep (RequestInterrupts); from
// then on until no read is left.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/drivers/port_memory.h"
#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page_provider.h"
#include "shared/base/intrusive_list.h"

namespace gk::drivers {

class PortReads {
 public:
  static constexpr size_t kSlots = kPageSize / sizeof(PortMessage);

  constexpr PortReads() = default;
  // Precondition: no reads; the device no longer has our memory.
  ~PortReads();

  // Makes the queue. ZX_ERR_NO_MEMORY; ZX_ERR_NOT_SUPPORTED: the device cannot take the longest read; VirtioMmio's.
  // `device` stays where it is for the life of this object.
  [[nodiscard]] Result<> SetUp(VirtioMmio& device);

  // Sends `request` for `object`, now or when there is room.
  void Submit(SourceRequest& request, uint64_t object);

  // Answers what the device has answered, then sends what has room.
  [[nodiscard]] PollOutcome Poll();

  // From the next Poll on the device interrupts when it answers, until no read is left.
  void RequestInterrupts() { interrupts_on_ = true; }

  // Answers every read with `status`, pending ones included. Precondition: the device has been reset.
  void FailAll(Status status);

  // Reads that were submitted and not answered.
  [[nodiscard]] bool busy() const { return free_slots_ != kAllFree || pending_count_ != 0; }

 private:
  struct Slot {
    SourceRequest* request;
    uint64_t id;
    uint32_t reply_end;  // bytes that the device writes up to and including the reply
  };
  static_assert(kSlots == 32);
  static constexpr uint32_t kAllFree = 0xffff'ffff;

  void SendPending();
  [[nodiscard]] bool TrySend(SourceRequest& request);
  [[nodiscard]] PortMessage& message(uint32_t slot) const { return messages_->data<PortMessage>()[slot]; }
  [[nodiscard]] Status Judge(const Slot& slot, uint32_t slot_index, uint32_t used_length) const;
  void Finish(const UsedChain& used);

  VirtioMmio* device_ = nullptr;
  SplitQueue queue_;
  Page* messages_ = nullptr;  // one PortMessage for each slot
  Slot slots_[kSlots] = {};
  uint32_t free_slots_ = kAllFree;  // one bit each
  uint64_t next_id_ = 1;
  base::IntrusiveList<SourceRequest, ProviderTag> pending_;
  size_t pending_count_ = 0;
  bool interrupts_on_ = false;
};

}  // namespace gk::drivers
