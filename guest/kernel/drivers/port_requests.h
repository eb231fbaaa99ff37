// The requests that are with the port device (queue kPortRequestQueue), and those that wait for room.
//
//              room in the queue              used by the device
//   backlog ---------------------> in a slot -------------------> answered
//
// Questions of page sources (READ, DIRTY) are answered by PageSource::OnRequestDone, COMPLETE by its object, SYNC by
// the thread that waits for it, and a loan ends. READs and loans name pages, so data does not pass through here.
// Answers come in whatever order the device likes. Nothing is allocated after SetUp. Kernel lock held; nothing blocks.
//
// Objects that have something to send take turns. An object may take up as many slots and descriptors as it leaves
// free, so one that is never answered cannot keep the others from being heard.
//
// Interrupts. Whoever waits polls first, and an interrupt for an answer that somebody polls for is the most expensive
// part of a fault. So the device is asked for interrupts only when a waiter is about to sleep (RequestInterrupts), or
// for COMPLETE, SYNC, loans and the READs of supplies, for which nobody polls long enough; from then on until nothing
// is left.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/drivers/poll_queue.h"
#include "guest/kernel/drivers/port_errand.h"
#include "guest/kernel/drivers/port_memory.h"
#include "guest/kernel/drivers/port_object.h"
#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page_provider.h"
#include "shared/base/intrusive_list.h"

namespace gk::drivers {

// Who hears that a READ is over which serves an operation of the host.
class SupplyObserver {
 public:
  virtual void OnSupplyRead(uint64_t operation, Status status) = 0;

 protected:
  ~SupplyObserver() = default;
};

class PortRequests {
 public:
  static constexpr size_t kSlots = 64;

  explicit constexpr PortRequests(SupplyObserver& supplies) : supplies_(supplies) {}
  // Precondition: no requests; the device no longer has our memory.
  ~PortRequests();

  // Makes the queue. ZX_ERR_NO_MEMORY; ZX_ERR_NOT_SUPPORTED: the device cannot take the longest read; VirtioMmio's.
  // `device` stays where it is for the life of this object.
  [[nodiscard]] Result<> SetUp(VirtioMmio& device);

  // Sends it for `object`, now or when there is room. `provider_data` of a question is the operation that it serves, or
  // 0. A loan is taken over, and so is a reference to a SYNC.
  void Submit(PortObject& object, SourceRequest& question);
  void Submit(PortObject& object, PortErrand& errand);

  // Forgets the question, which the device may have. Not for READs.
  void Withdraw(PortObject& object, SourceRequest& question);

  // Poll may find something. Kernel lock not held.
  [[nodiscard]] bool has_used() const { return queue_.HasUsed(); }
  // Answers what the device has answered, then sends what has room.
  [[nodiscard]] PollOutcome Poll();

  // From the next Poll on the device interrupts when it answers, until nothing is left.
  void RequestInterrupts() { interrupts_on_ = true; }

  // Answers everything with `status`, what waits for room included. Precondition: the device has been reset.
  void FailAll(Status status);

  // Something was submitted and not answered.
  [[nodiscard]] bool busy() const { return free_slots_ != kAllFree || !turns_.empty(); }

 private:
  static constexpr uint64_t kAllFree = ~uint64_t{0};
  static_assert(kSlots == 64);
  static constexpr size_t kMessagePages = kSlots * sizeof(PortMessage) / kPageSize;

  // With the device: for `object`, one of the two, or neither when it was withdrawn.
  struct Slot {
    RefPtr<PortObject> object;
    SourceRequest* question = nullptr;
    PortErrand* errand = nullptr;
    uint64_t id = 0;
    uint32_t descriptors = 0;
    uint32_t reply_end = 0;  // bytes that the device writes up to and including the reply
  };
  class Chain;
  // How an attempt to send went.
  enum class Attempt : uint8_t {
    kSent,
    kOverShare,  // the object takes up enough already
    kNoRoom,
  };

  void HearOfAnswers();
  void Enqueue(PortObject& object);
  void SendBacklogs();
  [[nodiscard]] Attempt TrySend(PortObject& object);
  [[nodiscard]] static abi::PortRequest Describe(PortBacklog& backlog, Slot& slot, Chain& chain);
  [[nodiscard]] PhysicalAddress message_address(uint32_t slot) const;
  [[nodiscard]] PortMessage& message(uint32_t slot) const { return messages_->data<PortMessage>()[slot]; }
  [[nodiscard]] Status Judge(const Slot& slot, uint32_t slot_index, uint32_t used_length) const;
  void Finish(const UsedChain& used);
  void End(PortObject& object, SourceRequest* question, PortErrand* errand, Status status);
  [[nodiscard]] uint32_t free_slot_count() const;

  SupplyObserver& supplies_;
  VirtioMmio* device_ = nullptr;
  SplitQueue queue_;
  Page* messages_ = nullptr;  // one PortMessage for each slot
  Slot slots_[kSlots];
  uint64_t free_slots_ = kAllFree;  // one bit each
  uint64_t next_id_ = 1;
  base::IntrusiveList<PortObject, PortTurnTag> turns_;  // that have a backlog
  bool interrupts_on_ = false;
};

}  // namespace gk::drivers
