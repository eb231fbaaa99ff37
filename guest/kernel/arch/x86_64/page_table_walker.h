// Visits the slots of a page table that cover a range of addresses, one recursion for all operations on page tables.
//
// A visitor says at each slot what to do: it is done with it, or the walk should go down into the table below. Tables
// that are missing are made where the visitor asks for it, and linked only when they hold something; tables that end up
// empty are unlinked and retired.
#pragma once

#include "guest/kernel/arch/x86_64/page_table.h"
#include "guest/kernel/arch/x86_64/page_table_entry.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::arch {

inline constexpr unsigned kLevels = 4;
inline constexpr unsigned kLargeLeafLevel = 2;
inline constexpr unsigned kSlotsPerTable = 512;

// Bytes that one slot of a table at `level` (1: last) covers.
constexpr uint64_t SlotSize(unsigned level) { return kPageSize << (9 * (level - 1)); }

constexpr unsigned SlotIndex(VirtualAddress va, unsigned level) {
  return static_cast<unsigned>(va / SlotSize(level)) & (kSlotsPerTable - 1);
}

inline bool IsPresent(uint64_t entry) { return (entry & kEntryPresent) != 0; }

inline bool IsLeaf(uint64_t entry, unsigned level) {
  return level == 1 || (level == kLargeLeafLevel && (entry & kEntryLarge) != 0);
}

// The table that a present entry which is no leaf points at.
inline Page* TableOf(uint64_t entry) {
  Page* table = PageOf(entry & kEntryAddress);
  GK_ASSERT(table != nullptr && table->state == PageState::kTable);
  return table;
}

// Tables permit everything and are marked used; the leaves decide.
inline uint64_t TableEntry(const Page& table) {
  return table.physical_address() | kEntryPresent | kEntryWritable | kEntryUser | kEntryAccessed;
}

enum class StoreTime : uint8_t { kNow, kLate };  // kLate: see StorePageTableEntryLate

inline void SetEntry(Page& table, unsigned index, uint64_t value, StoreTime time = StoreTime::kNow) {
  uint64_t* slot = table.data<uint64_t>() + index;
  table.table.used += IsPresent(value) ? 1u : 0u;
  table.table.used -= IsPresent(*slot) ? 1u : 0u;
  if (time == StoreTime::kLate) {
    StorePageTableEntryLate(slot, value);
  } else {
    StorePageTableEntry(slot, value);
  }
}

// The part of the walked range that one slot covers.
struct SlotRange {
  VirtualAddress first;
  VirtualAddress last;  // inclusive: the end of the address space has no successor
  bool whole;           // all of the slot
};

enum class Step : uint8_t { kNext, kDescend, kFail };

// A visitor is called as  Step operator()(Page& table, unsigned level, unsigned index, const SlotRange&).
// kDescend at an absent slot makes a table there. The walk fails when the visitor says so, or for want of memory.
class PageTableWalker {
 public:
  explicit PageTableWalker(PageTable& page_table) : page_table_(page_table) {}

  template <typename Visitor>
  [[nodiscard]] bool Walk(VirtualAddress va, size_t pages, Visitor&& visitor) {
    return WalkTable(*page_table_.root_, kLevels, va, va + (pages * kPageSize - 1), visitor);
  }

 private:
  template <typename Visitor>
  bool WalkTable(Page& table, unsigned level, VirtualAddress first, VirtualAddress last, Visitor& visitor) {
    const uint64_t size = SlotSize(level);
    for (VirtualAddress slot = base::AlignDown(first, size);; slot += size) {
      const VirtualAddress slot_last = slot + (size - 1);
      const SlotRange range{slot < first ? first : slot, slot_last > last ? last : slot_last,
                            slot >= first && slot_last <= last};
      const unsigned index = SlotIndex(slot, level);
      const Step step = visitor(table, level, index, range);
      if (step == Step::kFail || (step == Step::kDescend && !Descend(table, level, index, range, visitor))) {
        return false;
      }
      if (slot_last >= last) {
        return true;
      }
    }
  }

  template <typename Visitor>
  bool Descend(Page& table, unsigned level, unsigned index, const SlotRange& range, Visitor& visitor) {
    const uint64_t entry = table.data<uint64_t>()[index];
    Page* child = IsPresent(entry) ? TableOf(entry) : page_table_.NewTable();
    if (child == nullptr) {
      return false;
    }
    const bool walked = WalkTable(*child, level - 1, range.first, range.last, visitor);
    if (child->table.used == 0) {
      Discard(table, index, *child);
    } else if (!IsPresent(entry)) {
      SetEntry(table, index, TableEntry(*child));
    }
    return walked;
  }

  void Discard(Page& table, unsigned index, Page& child) {
    if (!IsPresent(table.data<uint64_t>()[index])) {  // new, and never linked: no CPU knows of it
      page_table_.FreeTables(&child, 1);
      return;
    }
    SetEntry(table, index, 0);
    page_table_.Retire(&child);
  }

  PageTable& page_table_;
};

}  // namespace gk::arch
