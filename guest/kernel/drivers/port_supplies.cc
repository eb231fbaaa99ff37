// The operations that go on: supplies, which ask for pages a few at a time and wait for room in between, and those who
// wait to be told of room.
#include <zircon/errors.h>

#include <utility>

#include "guest/kernel/drivers/port_operations.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk::drivers {
namespace {

// Of one supply at a time: enough to keep the device busy.
constexpr uint32_t kSupplyReads = 2;

// What was freed for one that waits may be taken by somebody else. This often in a row means that there is no more.
constexpr uint32_t kMostFutile = 4;

}  // namespace

// How many pages one READ of [first, end) may have: what one page-table entry shows, where so much is a small part of
// memory.
uint64_t PortOperations::CountTogether(PageIndex first, PageIndex end) {
  constexpr uint64_t kFractionOfMemory = 32;
  const bool large = base::IsAligned(first, base::kPagesPerLargePage) && end - first >= base::kPagesPerLargePage &&
                     TotalPageCount() / kFractionOfMemory >= base::kPagesPerLargePage;
  return large ? base::kPagesPerLargePage : Min(end - first, kFaultWindowPages);
}

size_t PortOperations::CountWaiting() const {
  size_t count = 0;
  for (const Supply& supply : supplies_) {
    count += supply.waits ? 1U : 0U;
  }
  return count;
}

// Those that wait go on in the order of their coming, which is that of their use. If not, will be told.
bool PortOperations::HasRoom(const Supply& supply) {
  for (const Supply& other : supplies_) {
    if (other.waits && other.operation < supply.operation) {
      return false;
    }
  }
  // In smaller pieces, if there is nothing left that would make a large one.
  const uint64_t together = CountTogether(supply.next, supply.end);
  switch (reclaim::FindRoomAhead(supply.futile < kMostFutile ? together : Min(together, kFaultWindowPages))) {
    case reclaim::RoomAhead::kEnough:
      return true;
    case reclaim::RoomAhead::kNotFree:
      reclaim::AwaitFreed(this);
      return false;
    case reclaim::RoomAhead::kNone:
      reclaim::AwaitRoomAhead(this);
      return false;
  }
  return false;
}

// Asks for what is missing, as far as reads are left for it and there is room; answers when nothing is left to do.
void PortOperations::GoOn(uint32_t slot) {
  Supply& supply = supplies_[slot];
  while (supply.status.ok() && !supply.waits && supply.next != supply.end && supply.reads < kSupplyReads) {
    const Vmo* vmo = supply.object->vmo();
    PageSource* source = vmo == nullptr ? nullptr : vmo->pager_source();
    if (source == nullptr) {
      supply.status = Status(ZX_ERR_BAD_HANDLE);
      break;
    }
    if (!HasRoom(supply)) {
      const bool can_wait = CountWaiting() < kMostWaitingSupplies;
      supply.waits = can_wait;
      supply.status = Status(can_wait ? ZX_OK : ZX_ERR_SHOULD_WAIT);
      break;
    }
    supply.futile = 0;
    const Result<PageSource::Fetched> fetched = source->Fetch(supply.next, supply.end - supply.next, supply.operation);
    if (!fetched.ok()) {
      supply.status = fetched.error();
      break;
    }
    supply.reads += fetched->asked ? 1U : 0U;
    supply.next += fetched->pages;
  }
  if (supply.reads == 0 && (!supply.waits || !supply.status.ok())) {
    const Supply done = std::exchange(supply, {});
    Answer(slot, done.operation, done.status);
  }
}

// The first of them, until one waits again.
void PortOperations::GoOnWaiting() {
  for (size_t left = CountWaiting(); left != 0; --left) {
    uint32_t first = kSlots;
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (supplies_[slot].waits && (first == kSlots || supplies_[slot].operation < supplies_[first].operation)) {
        first = slot;
      }
    }
    supplies_[first].waits = false;
    GoOn(first);
    if (supplies_[first].waits) {
      return;
    }
  }
}

// One too many takes the place of the first of them, so that there are slots left for other operations.
void PortOperations::AwaitRoom(uint32_t slot, uint64_t id) {
  uint32_t first = slot;
  size_t count = 0;
  for (uint32_t each = 0; each < kSlots; ++each) {
    if (awaits_room_[each] != 0) {
      ++count;
      first = first == slot || awaits_room_[each] < awaits_room_[first] ? each : first;
    }
  }
  if (count == kMostAwaitRoom) {
    Answer(first, std::exchange(awaits_room_[first], 0), Status(ZX_ERR_CANCELED));
  }
  awaits_room_[slot] = id;
  reclaim::AwaitRoomAhead(this);
}

void PortOperations::OnFreed() {
  for (Supply& supply : supplies_) {
    supply.futile += supply.waits ? 1U : 0U;
  }
  GoOnWaiting();
}

void PortOperations::OnRoomAhead() {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    if (const uint64_t operation = std::exchange(awaits_room_[slot], 0); operation != 0) {
      Answer(slot, operation, Status(ZX_OK));
    }
  }
  GoOnWaiting();
}

void PortOperations::OnSupplyRead(uint64_t operation, Status status) {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    Supply& supply = supplies_[slot];
    if (supply.object && supply.operation == operation) {
      --supply.reads;
      supply.status = supply.status.ok() ? status : supply.status;
      GoOn(slot);
      return;
    }
  }
}

}  // namespace gk::drivers
