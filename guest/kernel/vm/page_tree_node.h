// The node of a PageTree, for the files that implement it.
#pragma once

#include <bit>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page_tree.h"

namespace gk {

namespace page_tree {

constexpr unsigned kBitsPerLevel = 6;
constexpr unsigned kSlots = 1u << kBitsPerLevel;

constexpr unsigned SlotAt(PageIndex index, unsigned level) {
  return static_cast<unsigned>(index >> (kBitsPerLevel * level)) & (kSlots - 1);
}

// The largest index that a tree of `height` levels can hold.
constexpr PageIndex LastIndexOf(unsigned height) {
  return height * kBitsPerLevel >= 64 ? UINT64_MAX : (PageIndex{1} << (height * kBitsPerLevel)) - 1;
}

}  // namespace page_tree

// Level 0 holds pages, the levels above hold nodes. `occupied` has a bit for each slot that holds something, `zeroes`
// one for each that says "zero"; no slot has both. No node but one that is being prepared is without either.
struct PageTree::Node : HeapObject {
  union Link {
    Node* node;
    Page* page;
  };
  uint64_t occupied = 0;
  uint64_t zeroes = 0;
  uint64_t page_count = 0;  // below
  uint32_t references = 1;  // slots and trees that point here
  uint32_t weight = 0;      // AttributionWalk: trees that have this node; 0 outside of a walk
  Node* next_sibling = nullptr;
  Link slots[page_tree::kSlots];

  [[nodiscard]] bool Has(unsigned slot) const { return ((occupied >> slot) & 1) != 0; }
  [[nodiscard]] bool IsZero(unsigned slot) const { return ((zeroes >> slot) & 1) != 0; }
  [[nodiscard]] bool empty() const { return (occupied | zeroes) == 0; }
  void Occupy(unsigned slot) {
    occupied |= uint64_t{1} << slot;
    zeroes &= ~(uint64_t{1} << slot);
  }
  void PutPage(unsigned slot, Page* page) {
    GK_ASSERT(!Has(slot));
    slots[slot].page = page;
    Occupy(slot);
    page->object.share_count = 1;
  }
  void Vacate(unsigned slot) { occupied &= ~(uint64_t{1} << slot); }
  void SetZero(unsigned slot, bool zero) { zeroes = (zeroes & ~(uint64_t{1} << slot)) | (uint64_t{zero} << slot); }
};

// Indices relative to a node, both inclusive, so that the end of a tree of full height can be said.
struct PageTree::Range {
  PageIndex first;
  PageIndex last;

  [[nodiscard]] bool Covers(unsigned level, PageIndex slot_start) const {
    return first <= slot_start && slot_start + page_tree::LastIndexOf(level) <= last;
  }
};

}  // namespace gk
