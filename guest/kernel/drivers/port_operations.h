// The host's operations on our VMOs (queue kPortOperationQueue): room for them is with the device all the time, and an
// interrupt tells of each batch.
//
//   with the device --used--> being carried out --answer posted--> with the device
//
// Most operations are carried out at once. A supply goes on: its slot asks for the pages that are missing, a few READs
// at a time, and is answered after the last (port_supplies.cc). When there are as many pages that nobody has used yet
// as there may be, a few supplies wait here, and go on in the order of their coming, which is that of their use; others
// end early, and when there is room again is the answer to kAwaitRoom, of which few are kept. One that comes before the
// reply to the open of its object is kept until that. Nothing is allocated after SetUp but a loan, and what the VMO
// needs. Kernel lock held; nothing blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/drivers/poll_queue.h"
#include "guest/kernel/drivers/port_memory.h"
#include "guest/kernel/drivers/port_object.h"
#include "guest/kernel/drivers/port_requests.h"
#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk::drivers {

// Where operations find their objects, and send loans.
class PortOperationTarget {
 public:
  // Null when there is none of that number (yet: while IsOpening()).
  [[nodiscard]] virtual RefPtr<PortObject> FindObject(uint64_t number) = 0;
  // True while the reply to an open is to come, which may bring an object. Then CarryOutEarly is called.
  [[nodiscard]] virtual bool IsOpening() const = 0;
  virtual void SendErrand(PortObject& object, PortErrand& errand) = 0;

 protected:
  ~PortOperationTarget() = default;
};

class PortOperations final : public SupplyObserver, private RoomObserver {
 public:
  static constexpr size_t kSlots = 8;
  static constexpr size_t kMostAwaitRoom = 4;
  static constexpr size_t kMostWaitingSupplies = 3;
  static_assert(kMostAwaitRoom + kMostWaitingSupplies < kSlots, "something is left for other operations");

  explicit constexpr PortOperations(PortOperationTarget& target) : target_(target) {}
  // Precondition: the device no longer has our memory.
  ~PortOperations();

  // Makes the queue. ZX_ERR_NO_MEMORY; VirtioMmio's. `device` stays where it is for the life of this object.
  [[nodiscard]] Result<> SetUp(VirtioMmio& device);
  // The device serves its queues from now on: gives it all slots.
  void Begin();

  // Poll may find something. Kernel lock not held.
  [[nodiscard]] bool has_used() const { return queue_.HasUsed(); }
  // Carries out what has arrived.
  [[nodiscard]] PollOutcome Poll();
  // There may be new objects: carries out what was too early for them.
  void CarryOutEarly();

  // Forgets the operations under way. Precondition: the device has been reset.
  void Abandon();

  void OnSupplyRead(uint64_t operation, Status status) override;

 private:
  void OnRoomAhead() override;
  void OnFreed() override;
  // A supply under way.
  struct Supply {
    RefPtr<PortObject> object;  // null: none
    uint64_t operation = 0;
    PageIndex next = 0;  // pages from here on were not asked for yet
    PageIndex end = 0;
    uint32_t reads = 0;   // with the device
    bool waits = false;   // there is no room for it, or an earlier one waits for that
    uint32_t futile = 0;  // how often in a row what was freed was not enough
    Status status{ZX_OK};
  };
  // An operation on what may be about to be opened.
  struct Early {
    uint32_t slot;
    abi::PortOperation operation;
  };

  [[nodiscard]] PortOperationMessage& message(uint32_t slot) const {
    return messages_->data<PortOperationMessage>()[slot];
  }
  // Its room for dirty ranges.
  [[nodiscard]] Page& ranges(uint32_t slot) const { return messages_[1 + slot]; }
  void Post(uint32_t slot, const abi::PortAnswer& answer, size_t range_count);
  void Answer(uint32_t slot, uint64_t id, Status status);
  void Accept(const UsedChain& used);
  void CarryOut(uint32_t slot, const abi::PortOperation& operation);
  [[nodiscard]] Status Lend(PortObject& object, const abi::PortOperation& operation);
  void Query(uint32_t slot, const Vmo& vmo, const abi::PortOperation& operation);
  void GoOn(uint32_t slot);
  void GoOnWaiting();
  [[nodiscard]] bool HasRoom(const Supply& supply);
  [[nodiscard]] size_t CountWaiting() const;
  void AwaitRoom(uint32_t slot, uint64_t id);
  [[nodiscard]] static uint64_t CountTogether(PageIndex first, PageIndex end);

  PortOperationTarget& target_;
  VirtioMmio* device_ = nullptr;
  SplitQueue queue_;
  Page* messages_ = nullptr;  // a page of messages, then a page of ranges for each slot
  Supply supplies_[kSlots];
  uint64_t awaits_room_[kSlots] = {};  // the kAwaitRoom in that slot; 0: none
  Early early_[kSlots] = {};           // the first early_count_, in the order of their coming
  size_t early_count_ = 0;
};

}  // namespace gk::drivers
