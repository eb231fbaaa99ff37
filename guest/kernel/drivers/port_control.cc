#include "guest/kernel/drivers/port_control.h"

#include <array>
#include <bit>
#include <utility>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint16_t kQueueSize = 32;  // room for the longest chain of every slot

}  // namespace

PortControl::~PortControl() {
  if (messages_ != nullptr) {
    FreePage(messages_);
  }
}

Result<> PortControl::SetUp(VirtioMmio& device) {
  messages_ = AllocateZeroedPage();
  if (messages_ == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(queue_, device.AddQueue(abi::kPortControlQueue, kQueueSize));
  device_ = &device;
  return {};
}

bool PortControl::has_slot() const { return free_slots_ != 0 && queue_.free_descriptors() >= kLongestChain; }

void PortControl::StartOpen(std::span<const char> name, const RefPtr<PortObject>& object) {
  GK_ASSERT(!name.empty() && name.size() <= abi::kPortMaxName);
  Send({.id = next_id_++,
        .object = 0,
        .offset = 0,
        .length = name.size(),
        .operation = 0,
        .kind = abi::PortRequestKind::kOpen,
        .reserved = 0},
       name, Slot{.opening = object, .closing = nullptr});
}

void PortControl::Close(CloseTicket* ticket) {
  closes_.PushBack(*ticket);
  SendCloses();
}

void PortControl::SendCloses() {
  while (!closes_.empty() && has_slot()) {
    CloseTicket* ticket = closes_.PopFront();
    Send({.id = next_id_++,
          .object = ticket->object,
          .offset = 0,
          .length = 1,
          .operation = 0,
          .kind = abi::PortRequestKind::kClose,
          .reserved = 0},
         {}, Slot{.opening = nullptr, .closing = ticket});
  }
}

// Precondition: has_slot().
void PortControl::Send(const abi::PortRequest& request, std::span<const char> name, Slot operation) {
  const auto slot = static_cast<uint32_t>(std::countr_zero(free_slots_));
  free_slots_ &= free_slots_ - 1;
  slots_[slot] = std::move(operation);
  slots_[slot].id = request.id;
  Message& shared = message(slot);
  shared.message = {.request = request, .reply = {}};
  const PhysicalAddress address = messages_->physical_address() + slot * sizeof(Message);
  std::array<QueueBuffer, kLongestChain> buffers;
  size_t count = 0;
  buffers[count++] = {.address = address, .length = sizeof(abi::PortRequest)};
  if (!name.empty()) {
    __builtin_memcpy(shared.name, name.data(), name.size());
    buffers[count++] = {.address = address + offsetof(Message, name), .length = static_cast<uint32_t>(name.size())};
  }
  buffers[count++] = {
      .address = address + offsetof(PortMessage, reply), .length = sizeof(abi::PortReply), .device_writes = true};
  queue_.Add(std::span(buffers).first(count), slot);
  if (queue_.Publish()) {
    device_->Notify(abi::kPortControlQueue);
  }
}

PollOutcome PortControl::Poll() {
  bool progress = false;
  do {
    const auto used = queue_.PopUsed();
    if (!used.ok()) {
      return PollOutcome::kBroken;
    }
    if (used->has_value()) {
      Finish(**used);
      progress = true;
    }
    // Whoever has blocked for another answer relies on an interrupt for it.
  } while (progress && busy() && queue_.EnableInterrupts());
  if (progress) {
    SendCloses();
  }
  if (progress && has_slot()) {
    wait_for_slot_.WakeAll(Status(ZX_OK));
  }
  return progress ? PollOutcome::kProgress : PollOutcome::kNothing;
}

void PortControl::Finish(const UsedChain& used) {
  const abi::PortReply reply = TakeReply(message(used.token).message.reply);
  Status status = StatusOfReply(reply, slots_[used.token].id);
  if (used.length != sizeof(abi::PortReply)) {
    status = Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  EndSlot(used.token, status, reply);
}

void PortControl::EndSlot(uint32_t slot, Status status, const abi::PortReply& reply) {
  Slot operation = std::exchange(slots_[slot], {});
  free_slots_ |= uint32_t{1} << slot;
  if (operation.opening) {
    operation.opening->OnOpenAnswer(status, reply);
  }
  // An object that could not be closed is gone all the same: there is nobody who could do anything about it.
  delete operation.closing;
}

void PortControl::FailAll(Status status) {
  while (CloseTicket* ticket = closes_.PopFront()) {
    delete ticket;
  }
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    if ((free_slots_ >> slot & 1) == 0) {
      EndSlot(slot, status, {});
    }
  }
  wait_for_slot_.WakeAll(status);
}

}  // namespace gk::drivers
