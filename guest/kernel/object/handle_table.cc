#include "guest/kernel/object/handle_table.h"

#include <algorithm>
#include <new>
#include <utility>

#include "guest/kernel/lib/panic.h"

namespace gk {

HandleReservation::~HandleReservation() {
  if (table_ != nullptr) {
    table_->Free(slot_.index);
  }
}

zx_handle_t HandleReservation::value() const { return table_->coder_.Encode(slot_); }

void HandleReservation::Commit(Handle handle) {
  GK_ASSERT(handle);
  HandleTable::Slot& slot = table_->SlotAt(slot_.index);
  slot.handle = std::move(handle);
  ++table_->count_;
  table_ = nullptr;
}

HandleTable::~HandleTable() {
  Clear();
  for (uint32_t i = 0; i < chunk_count_; ++i) {
    delete chunks_[i];
  }
  HeapFree(chunks_);
}

Result<HandleReservation> HandleTable::Reserve() {
  if (first_free_ == kNoSlot && !Grow()) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  const uint32_t index = first_free_;
  Slot& slot = SlotAt(index);
  first_free_ = slot.next_free;
  if (first_free_ == kNoSlot) {
    last_free_ = kNoSlot;
  }
  return HandleReservation(this, HandleSlot{.index = index, .generation = slot.generation});
}

Result<zx_handle_t> HandleTable::Add(Handle handle) {
  PAGODA_TRY_ASSIGN(HandleReservation reservation, Reserve());
  const zx_handle_t value = reservation.value();
  reservation.Commit(std::move(handle));
  return value;
}

const Handle* HandleTable::Find(zx_handle_t value) const {
  Slot* slot = SlotOf(value);
  return slot != nullptr && slot->handle ? &slot->handle : nullptr;
}

Result<RefPtr<Dispatcher>> HandleTable::GetAny(zx_handle_t value, zx_rights_t rights) const {
  const Handle* handle = Find(value);
  if (handle == nullptr) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  if (!HasRights(handle->rights(), rights)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  return RefPtr<Dispatcher>(handle->object());
}

Handle HandleTable::Remove(zx_handle_t value) {
  Slot* slot = SlotOf(value);
  if (slot == nullptr || !slot->handle) {
    return Handle();
  }
  Handle handle = std::move(slot->handle);
  --count_;
  Free(coder_.Decode(value)->index);
  handle.object()->CancelObservers({.table = this, .value = value});
  return handle;
}

void HandleTable::Clear() {
  for (uint32_t index = 0; index < chunk_count_ * kChunkSlots; ++index) {
    Slot& slot = SlotAt(index);
    if (slot.handle) {
      Remove(coder_.Encode({.index = index, .generation = slot.generation})).Reset();
    }
  }
}

bool HandleTable::ReserveChunk() {
  constexpr uint32_t kFirstRoom = 4;
  if (chunk_count_ < chunk_room_) {
    return true;
  }
  if (chunk_room_ == kMaxHandles / kChunkSlots) {
    return false;
  }
  const uint32_t room = chunk_room_ == 0 ? kFirstRoom : chunk_room_ * 2;
  auto** longer = static_cast<Chunk**>(HeapAllocate(room * sizeof(Chunk*)));
  if (longer == nullptr) {
    return false;
  }
  std::copy_n(chunks_, chunk_count_, longer);
  HeapFree(std::exchange(chunks_, longer));
  chunk_room_ = room;
  return true;
}

bool HandleTable::Grow() {
  if (!ReserveChunk()) {
    return false;
  }
  Chunk* chunk = new (std::nothrow) Chunk();
  if (chunk == nullptr) {
    return false;
  }
  chunks_[chunk_count_] = chunk;
  const uint32_t first = chunk_count_ * kChunkSlots;
  ++chunk_count_;
  for (uint32_t i = 0; i < kChunkSlots; ++i) {
    AppendFree(first + i);
  }
  return true;
}

void HandleTable::AppendFree(uint32_t index) {
  SlotAt(index).next_free = kNoSlot;
  if (last_free_ == kNoSlot) {
    first_free_ = index;
  } else {
    SlotAt(last_free_).next_free = index;
  }
  last_free_ = index;
}

HandleTable::Slot* HandleTable::SlotOf(zx_handle_t value) const {
  const std::optional<HandleSlot> slot = coder_.Decode(value);
  if (!slot || slot->index >= chunk_count_ * kChunkSlots || SlotAt(slot->index).generation != slot->generation) {
    return nullptr;
  }
  return &SlotAt(slot->index);
}

void HandleTable::Free(uint32_t index) {
  Slot& slot = SlotAt(index);
  constexpr uint32_t kGenerations = 1u << HandleValueCoder::kGenerationBits;
  slot.generation = static_cast<uint16_t>((slot.generation + 1) % kGenerations);
  AppendFree(index);
}

}  // namespace gk
