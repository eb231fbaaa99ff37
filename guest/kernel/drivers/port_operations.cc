#include "guest/kernel/drivers/port_operations.h"

#include <array>
#include <new>
#include <utility>

#include "guest/kernel/drivers/port_vmo_operations.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint16_t kQueueSize = 32;  // room for the longest chain of every slot
constexpr size_t kLongestChain = 3;
static_assert(kQueueSize >= PortOperations::kSlots * kLongestChain);

constexpr size_t kMessagePages = 1 + PortOperations::kSlots;

}  // namespace

PortOperations::~PortOperations() {
  if (messages_ != nullptr) {
    FreeContiguous(messages_, kMessagePages);
  }
  Abandon();
}

Result<> PortOperations::SetUp(VirtioMmio& device) {
  messages_ = AllocateContiguous(kMessagePages, kPageSize);
  if (messages_ == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(queue_, device.AddQueue(abi::kPortOperationQueue, kQueueSize));
  device_ = &device;
  return {};
}

void PortOperations::Begin() {
  for (uint32_t slot = 0; slot < kSlots && queue_.free_descriptors() >= kLongestChain; ++slot) {
    Post(slot, {.id = 0, .status = ZX_OK, .flags = 0, .size = 0, .content_size = 0}, 0);
  }
  // Nothing can have been used yet that we would miss.
  static_cast<void>(queue_.EnableInterrupts());
}

// --- the queue ---

void PortOperations::Post(uint32_t slot, const abi::PortAnswer& answer, size_t range_count) {
  message(slot) = {.answer = answer, .operation = {}};
  const PhysicalAddress address = messages_->physical_address() + slot * sizeof(PortOperationMessage);
  std::array<QueueBuffer, kLongestChain> buffers;
  size_t count = 0;
  buffers[count++] = {.address = address + offsetof(PortOperationMessage, answer), .length = sizeof(answer)};
  if (range_count != 0) {
    buffers[count++] = {.address = ranges(slot).physical_address(),
                        .length = static_cast<uint32_t>(range_count * sizeof(abi::PortDirtyRange))};
  }
  buffers[count++] = {.address = address + offsetof(PortOperationMessage, operation),
                      .length = sizeof(abi::PortOperation),
                      .device_writes = true};
  queue_.Add(std::span(buffers).first(count), slot);
  if (queue_.Publish()) {
    device_->NotifyLate(abi::kPortOperationQueue);
  }
}

void PortOperations::Answer(uint32_t slot, uint64_t id, Status status) {
  Post(slot, {.id = id, .status = status.value(), .flags = 0, .size = 0, .content_size = 0}, 0);
}

PollOutcome PortOperations::Poll() {
  // The host wants to be heard at any time.
  return PollQueue(
      queue_, [this](const UsedChain& used) { Accept(used); },
      [this](bool progress) { return progress && queue_.EnableInterrupts(); });
}

void PortOperations::Abandon() {
  for (Supply& supply : supplies_) {
    supply = {};
  }
  for (uint64_t& operation : awaits_room_) {
    operation = 0;
  }
  early_count_ = 0;
  if (reclaim::room_observer == this) {
    reclaim::AwaitRoomAhead(nullptr);
  }
  if (reclaim::freed_observer == this) {
    reclaim::AwaitFreed(nullptr);
  }
}

// --- operations ---

void PortOperations::Accept(const UsedChain& used) {
  const abi::PortOperation operation = TakeShared(message(used.token).operation);
  if (used.length != sizeof(operation)) {
    Answer(used.token, operation.id, Status(ZX_ERR_INVALID_ARGS));
    return;
  }
  CarryOut(used.token, operation);
}

void PortOperations::CarryOutEarly() {
  const size_t count = std::exchange(early_count_, 0);
  for (size_t i = 0; i < count; ++i) {
    const Early early = early_[i];  // its place may be taken by one that is still too early
    CarryOut(early.slot, early.operation);
  }
}

void PortOperations::CarryOut(uint32_t slot, const abi::PortOperation& operation) {
  const RefPtr<PortObject> object = target_.FindObject(operation.object);
  if (!object) {
    if (target_.IsOpening()) {
      early_[early_count_++] = {.slot = slot, .operation = operation};  // each slot has one operation at a time
    } else {
      Answer(slot, operation.id, Status(ZX_ERR_BAD_HANDLE));
    }
    return;
  }
  if (const Result<> checked = CheckOperation(operation); !checked.ok()) {
    Answer(slot, operation.id, checked.error());
    return;
  }
  Vmo& vmo = *object->vmo();
  switch (operation.kind) {
    case abi::PortOperationKind::kSupply:
      if (!base::RangeFits(operation.offset, operation.length, vmo.size())) {
        break;
      }
      supplies_[slot] = {.object = object,
                         .operation = operation.id,
                         .next = operation.offset / kPageSize,
                         .end = (operation.offset + operation.length) / kPageSize};
      GoOn(slot);
      return;
    case abi::PortOperationKind::kAwaitRoom:
      AwaitRoom(slot, operation.id);
      return;
    case abi::PortOperationKind::kOpRange:
      Answer(slot, operation.id, OperateOnRange(vmo, operation));
      return;
    case abi::PortOperationKind::kQueryDirtyRanges:
      Query(slot, vmo, operation);
      return;
    case abi::PortOperationKind::kQueryVmoStats: {
      abi::PortAnswer answer{.id = operation.id, .status = ZX_OK, .flags = 0, .size = 0, .content_size = 0};
      QueryStats(vmo, operation, answer);
      Post(slot, answer, 0);
      return;
    }
    case abi::PortOperationKind::kDetach:
      vmo.pager_source()->Detach();
      Answer(slot, operation.id, Status(ZX_OK));
      return;
    case abi::PortOperationKind::kLend:
      Answer(slot, operation.id, Lend(*object, operation));
      return;
    case abi::PortOperationKind::kTimeOut:
      Answer(slot, operation.id, StatusOf(vmo.PagerFail(operation.offset, operation.length, Status(ZX_ERR_TIMED_OUT))));
      return;
  }
  Answer(slot, operation.id, Status(ZX_ERR_OUT_OF_RANGE));
}

void PortOperations::Query(uint32_t slot, const Vmo& vmo, const abi::PortOperation& operation) {
  const std::span<abi::PortDirtyRange> room(ranges(slot).data<abi::PortDirtyRange>(), abi::kPortMaxDirtyRanges);
  const Result<DirtyRangeCount> count = QueryDirtyRanges(vmo, operation, room);
  if (!count.ok()) {
    Answer(slot, operation.id, count.error());
    return;
  }
  Post(slot,
       {.id = operation.id, .status = ZX_OK, .flags = 0, .size = count->written, .content_size = count->available},
       count->written);
}

// Lends as many pages from the start on as are there and fit into one chain.
Status PortOperations::Lend(PortObject& object, const abi::PortOperation& operation) {
  if (operation.length == 0 || !base::RangeFits(operation.offset, operation.length, object.vmo()->size())) {
    return Status(operation.length == 0 ? ZX_ERR_INVALID_ARGS : ZX_ERR_OUT_OF_RANGE);
  }
  auto* loan = new (std::nothrow) PortLoan;
  if (loan == nullptr) {
    return Status(ZX_ERR_NO_MEMORY);
  }
  loan->operation = operation.id;
  loan->offset = operation.offset;
  Status status(ZX_ERR_NOT_FOUND);
  uint64_t count = Min(operation.length / kPageSize, uint64_t{LentPages::kMost});
  for (; count != 0 && status == Status(ZX_ERR_NOT_FOUND); count /= 2) {
    status = StatusOf(object.vmo()->LendPages(operation.offset, count * kPageSize, loan->pages));
  }
  if (!status.ok()) {
    delete loan;
    return status;
  }
  target_.SendErrand(object, *loan);
  return Status(ZX_OK);
}

}  // namespace gk::drivers
