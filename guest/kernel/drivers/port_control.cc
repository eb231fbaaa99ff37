#include "guest/kernel/drivers/port_control.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint16_t kQueueSize = 64;  // room for the longest chain of every slot

// Whether `reply` can be what the host has filled in: names that fit, each with its end.
bool IsSensible(const PortListing& listing, const abi::PortReply& reply) {
  if (reply.size > listing.room) {
    return false;
  }
  if (reply.size == 0) {
    return true;
  }
  const uint64_t last = reply.size - 1;
  return listing.pages[last / kPageSize]->data<char>()[last % kPageSize] == '\0';
}

void EndListing(PortListing& listing, Status status, const abi::PortReply& reply) {
  if (status.ok() && !IsSensible(listing, reply)) {
    status = Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  listing.filled = status.ok() ? reply.size : 0;
  listing.available = reply.object;
  listing.wait.Answer(status);
}

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

bool PortControl::is_opening() const {
  return std::any_of(std::begin(slots_), std::end(slots_), [](const Slot& slot) { return slot.opening != nullptr; });
}

void PortControl::StartOpen(std::span<const char> name, RefPtr<PortOpening> opening) {
  GK_ASSERT(!name.empty() && name.size() <= abi::kPortMaxName);
  Send({.id = 0,
        .object = 0,
        .offset = 0,
        .length = name.size(),
        .operation = 0,
        .kind = abi::PortRequestKind::kOpen,
        .reserved = 0},
       name, Slot{.opening = std::move(opening), .listing = nullptr});
}

void PortControl::StartList(std::span<const char> name, uint64_t first, RefPtr<PortListing> listing) {
  GK_ASSERT(name.size() <= abi::kPortMaxName);
  Send({.id = 0,
        .object = 0,
        .offset = first,
        .length = name.size(),
        .operation = 0,
        .kind = abi::PortRequestKind::kList,
        .reserved = 0},
       name, Slot{.opening = nullptr, .listing = std::move(listing)});
}

void PortControl::Close(CloseTicket* ticket) {
  closes_.PushBack(*ticket);
  SendCloses();
}

void PortControl::SendCloses() {
  while (!closes_.empty() && has_slot()) {
    CloseTicket* ticket = closes_.PopFront();
    Send({.id = 0,
          .object = ticket->object,
          .offset = 0,
          .length = ticket->opens,
          .operation = 0,
          .kind = abi::PortRequestKind::kClose,
          .reserved = 0},
         {}, Slot{.opening = nullptr, .listing = nullptr, .closing = ticket});
  }
}

// `request` gets its id here. Precondition: has_slot().
void PortControl::Send(abi::PortRequest request, std::span<const char> name, Slot operation) {
  const auto slot = static_cast<uint32_t>(std::countr_zero(free_slots_));
  free_slots_ &= free_slots_ - 1;
  request.id = operation.id = next_id_++;
  slots_[slot] = std::move(operation);
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
  if (const PortListing* listing = slots_[slot].listing.get()) {
    for (size_t done = 0; done < listing->room; done += kPageSize) {
      buffers[count++] = {.address = listing->pages[done / kPageSize]->physical_address(),
                          .length = static_cast<uint32_t>(Min(listing->room - done, size_t{kPageSize})),
                          .device_writes = true};
    }
  }
  buffers[count++] = {
      .address = address + offsetof(PortMessage, reply), .length = sizeof(abi::PortReply), .device_writes = true};
  queue_.Add(std::span(buffers).first(count), slot);
  if (queue_.Publish()) {
    device_->NotifyLate(abi::kPortControlQueue);
  }
}

PollOutcome PortControl::Poll() {
  // Whoever has blocked for another answer relies on an interrupt for it.
  const PollOutcome outcome = PollQueue(
      queue_, [this](const UsedChain& used) { Finish(used); },
      [this](bool progress) { return progress && busy() && queue_.EnableInterrupts(); });
  if (outcome == PollOutcome::kProgress) {
    SendCloses();
    if (has_slot()) {
      wait_for_slot_.WakeAll(Status(ZX_OK));
    }
  }
  return outcome;
}

void PortControl::Finish(const UsedChain& used) {
  const abi::PortReply reply = TakeShared(message(used.token).message.reply);
  const Slot& slot = slots_[used.token];
  Status status = StatusOfReply(reply, slot.id);
  const size_t room = slot.listing ? slot.listing->room : 0;
  if (used.length != room + sizeof(abi::PortReply)) {
    status = Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  EndSlot(used.token, status, reply);
}

void PortControl::EndSlot(uint32_t slot, Status status, const abi::PortReply& reply) {
  const Slot operation = std::exchange(slots_[slot], {});
  free_slots_ |= uint32_t{1} << slot;
  if (operation.opening) {
    observer_.OnOpenAnswer(*operation.opening, status, reply);
  } else if (operation.listing) {
    EndListing(*operation.listing, status, reply);
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
