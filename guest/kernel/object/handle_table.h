// The handles of one process: from the number that a program holds to the object and the rights.
//
// Slots live in chunks that are allocated as the table grows and never move. A freed slot gets a new generation and
// goes to the end of the free list, so the number of a closed handle comes to life again as late as possible.
//
//            Reserve             Commit
//   free ------------> reserved --------> used
//     ^                   |                 |
//     +-------------------+-----------------+
//          reservation        Remove
//           destroyed
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include <array>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/handle.h"
#include "guest/kernel/object/handle_value.h"

namespace gk {

class HandleTable;

// A slot without a handle in it: how a system call gives out a handle without leaking it. Reserve, copy the value out
// to the program, which may fail, then Commit, which cannot. Must not outlive the table.
class HandleReservation {
 public:
  HandleReservation(HandleReservation&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), slot_(other.slot_) {}
  HandleReservation& operator=(HandleReservation&&) = delete;
  ~HandleReservation();

  // The number that the handle will have. It means nothing until Commit.
  [[nodiscard]] zx_handle_t value() const;
  // Puts the handle into the table. Precondition: `handle` is not empty; called once.
  void Commit(Handle handle);

 private:
  friend class HandleTable;
  HandleReservation(HandleTable* table, HandleSlot slot) : table_(table), slot_(slot) {}

  HandleTable* table_;
  HandleSlot slot_;
};

class HandleTable {
 public:
  static constexpr uint32_t kMaxHandles = 1u << HandleValueCoder::kIndexBits;

  // `key`: random; makes the values unguessable.
  explicit HandleTable(uint64_t key) : coder_(key) {}
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;
  ~HandleTable();

  // ZX_ERR_NO_MEMORY when the kernel has none left or the process has kMaxHandles handles.
  Result<HandleReservation> Reserve();
  // Reserve and Commit. `handle` is closed when it fails.
  Result<zx_handle_t> Add(Handle handle);

  // The handle with this number, which stays in the table; valid until the next call that can change the table. Null
  // when there is none.
  [[nodiscard]] const Handle* Find(zx_handle_t value) const;

  // The object behind a handle, when it is a `T` and the handle has all `rights`.
  // ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED, checked in this order.
  template <typename T>
  [[nodiscard]] Result<RefPtr<T>> Get(zx_handle_t value, zx_rights_t rights) const;
  // The same, of any type.
  [[nodiscard]] Result<RefPtr<Dispatcher>> GetAny(zx_handle_t value, zx_rights_t rights) const;

  // Takes the handle out; waits through it are cancelled. The result is empty when there was none. Let it go with care:
  // that may destroy the object.
  [[nodiscard]] Handle Remove(zx_handle_t value);
  // Closes all handles. Precondition: no reservation is open.
  void Clear();

  [[nodiscard]] uint32_t count() const { return count_; }
  // Every handle once, in no particular order. `visit` must not change the table.
  template <typename Visit>
  void ForEach(Visit visit) const;

 private:
  friend class HandleReservation;

  static constexpr uint32_t kChunkSlots = 256;
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  struct Slot {
    Handle handle;
    uint32_t next_free = kNoSlot;
    uint16_t generation = 0;
  };
  struct Chunk : HeapObject {
    std::array<Slot, kChunkSlots> slots;
  };

  [[nodiscard]] Slot& SlotAt(uint32_t index) const { return chunks_[index / kChunkSlots]->slots[index % kChunkSlots]; }
  bool Grow();
  bool ReserveChunk();
  void AppendFree(uint32_t index);
  // A slot whose generation fits and which may or may not hold a handle; null for a number that names none.
  [[nodiscard]] Slot* SlotOf(zx_handle_t value) const;
  void Free(uint32_t index);

  const HandleValueCoder coder_;
  // On the heap, twice as long each time: a process with few handles pays for few, and one with many allocates seldom.
  Chunk** chunks_ = nullptr;
  uint32_t chunk_room_ = 0;
  uint32_t chunk_count_ = 0;
  uint32_t first_free_ = kNoSlot;
  uint32_t last_free_ = kNoSlot;
  uint32_t count_ = 0;
};

template <typename Visit>
void HandleTable::ForEach(Visit visit) const {
  for (uint32_t index = 0; index < chunk_count_ * kChunkSlots; ++index) {
    if (const Handle& handle = SlotAt(index).handle) {
      visit(handle);
    }
  }
}

template <typename T>
Result<RefPtr<T>> HandleTable::Get(zx_handle_t value, zx_rights_t rights) const {
  const Handle* handle = Find(value);
  if (handle == nullptr) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  RefPtr<T> object = DownCast<T>(handle->object());
  if (!object) {
    return Error(ZX_ERR_WRONG_TYPE);
  }
  if (!HasRights(handle->rights(), rights)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  return object;
}

}  // namespace gk
