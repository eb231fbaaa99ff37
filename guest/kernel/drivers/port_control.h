// Opening, closing and listing of host-served objects: the port device's queue kPortControlQueue.
//
// Each request has a slot while the device has it. Whoever opens or lists waits; whoever closes does not. A waiter may
// be killed: its request goes on, and what it opened is given back (PortOpening). Kernel lock held.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/drivers/poll_queue.h"
#include "guest/kernel/drivers/port_memory.h"
#include "guest/kernel/drivers/port_object.h"
#include "guest/kernel/drivers/port_opening.h"
#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "shared/base/intrusive_list.h"

namespace gk::drivers {

// Who makes a VMO of what the host has opened. Answers the opening.
class OpenObserver {
 public:
  // `reply` means something when `status` is ZX_OK.
  virtual void OnOpenAnswer(PortOpening& opening, Status status, const abi::PortReply& reply) = 0;

 protected:
  ~OpenObserver() = default;
};

class PortControl {
 public:
  static constexpr size_t kSlots = 8;

  explicit constexpr PortControl(OpenObserver& observer) : observer_(observer) {}
  // Precondition: no request is with the device; the device no longer has our memory.
  ~PortControl();

  // Makes the queue. ZX_ERR_NO_MEMORY; VirtioMmio's errors. `device` stays where it is for the life of this object.
  [[nodiscard]] Result<> SetUp(VirtioMmio& device);

  // True when a request can be sent; while there is no room, wait_for_slot() is woken when there is some.
  [[nodiscard]] bool has_slot() const;
  [[nodiscard]] WaitQueue& wait_for_slot() { return wait_for_slot_; }

  // Asks for the object called `name` (1..kPortMaxName bytes, copied), or for the names in the directory `name`
  // (0..kPortMaxName bytes) from the one with index `first` on. Precondition: has_slot().
  void StartOpen(std::span<const char> name, RefPtr<PortOpening> opening);
  void StartList(std::span<const char> name, uint64_t first, RefPtr<PortListing> listing);

  // Closes the object, now or when there is a slot. Takes the ticket over.
  void Close(CloseTicket* ticket);

  // Poll may find something. Kernel lock not held.
  [[nodiscard]] bool has_used() const { return queue_.HasUsed(); }
  [[nodiscard]] PollOutcome Poll();

  // Asks for an interrupt for the next answer. True when there is one already: poll again instead of blocking.
  [[nodiscard]] bool ArmInterrupts() { return queue_.EnableInterrupts(); }

  // Answers every request with `status`. Precondition: the device has been reset.
  void FailAll(Status status);

  [[nodiscard]] bool busy() const { return free_slots_ != kAllFree; }
  // True while the device has an open to answer.
  [[nodiscard]] bool is_opening() const;

 private:
  // What is lent to the device for one request.
  struct Message {
    PortMessage message;
    char name[abi::kPortMaxName + 1];
  };
  static_assert(sizeof(Message) * kSlots <= kPageSize);
  static constexpr uint32_t kAllFree = (uint32_t{1} << kSlots) - 1;
  static constexpr size_t kLongestChain = 3 + PortListing::kMostPages;

  // Exactly one of the three is set while the slot is taken.
  struct Slot {
    RefPtr<PortOpening> opening;
    RefPtr<PortListing> listing;
    CloseTicket* closing = nullptr;
    uint64_t id = 0;
  };

  [[nodiscard]] Message& message(uint32_t slot) const { return messages_->data<Message>()[slot]; }
  void Send(abi::PortRequest request, std::span<const char> name, Slot operation);
  void SendCloses();
  void Finish(const UsedChain& used);
  void EndSlot(uint32_t slot, Status status, const abi::PortReply& reply);

  OpenObserver& observer_;
  VirtioMmio* device_ = nullptr;
  SplitQueue queue_;
  Page* messages_ = nullptr;  // one Message for each slot
  Slot slots_[kSlots];
  uint32_t free_slots_ = kAllFree;  // one bit each
  uint64_t next_id_ = 1;
  base::IntrusiveList<CloseTicket> closes_;  // that wait for a slot
  WaitQueue wait_for_slot_;
};

}  // namespace gk::drivers
