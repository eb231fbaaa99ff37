#include "guest/kernel/vm/page_list.h"

#include <bit>
#include <new>
#include <utility>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/panic.h"

namespace gk {
namespace {

constexpr unsigned kBitsPerLevel = 6;
constexpr unsigned kSlots = 1u << kBitsPerLevel;

constexpr unsigned SlotAt(PageIndex index, unsigned level) {
  return static_cast<unsigned>(index >> (kBitsPerLevel * level)) & (kSlots - 1);
}

// Indices that a tree of this height can hold; 0 stands for all 2^64.
constexpr PageIndex CapacityOf(unsigned height) {
  return height * kBitsPerLevel >= 64 ? 0 : PageIndex{1} << (height * kBitsPerLevel);
}

constexpr bool IsBeyond(PageIndex index, unsigned height) {
  const PageIndex capacity = CapacityOf(height);
  return capacity != 0 && index >= capacity;
}

}  // namespace

// Level 0 holds pages, the levels above hold nodes. `occupied` has a bit for each slot that is not empty; no node but
// the root of an empty tree is ever without one.
struct PageList::Node : HeapObject {
  union Slot {
    Node* node;
    Page* page;
  };
  uint64_t occupied = 0;
  Slot slots[kSlots];

  [[nodiscard]] bool Has(unsigned slot) const { return ((occupied >> slot) & 1) != 0; }
  void Occupy(unsigned slot) { occupied |= uint64_t{1} << slot; }
  void Vacate(unsigned slot) { occupied &= ~(uint64_t{1} << slot); }
};

PageList::~PageList() { GK_ASSERT(empty() && root_ == nullptr); }

PageList::Node* PageList::NewNode() {
  Node* node = new (std::nothrow) Node;
  node_count_ += node != nullptr ? 1 : 0;
  return node;
}

void PageList::FreeNode(Node* node) {
  --node_count_;
  delete node;
}

Page* PageList::Find(PageIndex index) const {
  if (root_ == nullptr || IsBeyond(index, height_)) {
    return nullptr;
  }
  const Node* node = root_;
  for (unsigned level = height_ - 1;; --level) {
    const unsigned slot = SlotAt(index, level);
    if (!node->Has(slot)) {
      return nullptr;
    }
    if (level == 0) {
      return node->slots[slot].page;
    }
    node = node->slots[slot].node;
  }
}

// Puts new roots on top until the tree is high enough for `index`. Roots that were added stay when memory runs out: the
// tree is valid with them.
Result<> PageList::GrowTo(PageIndex index) {
  if (root_ == nullptr) {
    root_ = NewNode();
    height_ = 1;
    while (root_ != nullptr && IsBeyond(index, height_)) {
      ++height_;
    }
  }
  while (root_ != nullptr && IsBeyond(index, height_)) {
    Node* above = NewNode();
    if (above == nullptr) {
      return Error(ZX_ERR_NO_MEMORY);
    }
    above->slots[0].node = std::exchange(root_, above);
    above->Occupy(0);
    ++height_;
  }
  return root_ != nullptr ? Result<>() : Error(ZX_ERR_NO_MEMORY);
}

Result<> PageList::Insert(PageIndex index, Page* page) {
  PAGODA_TRY(GrowTo(index));
  const Result<> inserted = InsertBelow(root_, height_ - 1, index, page);
  if (root_->occupied == 0) {
    FreeNode(std::exchange(root_, nullptr));
  }
  if (!inserted.ok()) {
    return Error(inserted.error());
  }
  ++page_count_;
  return {};
}

Result<> PageList::InsertBelow(Node* node, unsigned level, PageIndex index, Page* page) {
  const unsigned slot = SlotAt(index, level);
  if (level == 0) {
    GK_ASSERT(!node->Has(slot));
    node->slots[slot].page = page;
    node->Occupy(slot);
    return {};
  }
  if (node->Has(slot)) {
    return InsertBelow(node->slots[slot].node, level - 1, index, page);
  }
  Node* child = NewNode();
  if (child == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  const Result<> inserted = InsertBelow(child, level - 1, index, page);
  if (!inserted.ok()) {
    FreeNode(child);
    return Error(inserted.error());
  }
  node->slots[slot].node = child;
  node->Occupy(slot);
  return {};
}

Page* PageList::Remove(PageIndex index) {
  if (root_ == nullptr || IsBeyond(index, height_)) {
    return nullptr;
  }
  Page* page = RemoveBelow(root_, height_ - 1, index);
  if (page != nullptr) {
    --page_count_;
  }
  if (root_->occupied == 0) {
    FreeNode(std::exchange(root_, nullptr));
  }
  return page;
}

Page* PageList::RemoveBelow(Node* node, unsigned level, PageIndex index) {
  const unsigned slot = SlotAt(index, level);
  if (!node->Has(slot)) {
    return nullptr;
  }
  if (level == 0) {
    node->Vacate(slot);
    return node->slots[slot].page;
  }
  Node* child = node->slots[slot].node;
  Page* page = RemoveBelow(child, level - 1, index);
  if (child->occupied == 0) {
    node->Vacate(slot);
    FreeNode(child);
  }
  return page;
}

// Descends towards `from`; where the path is empty, goes on from the next occupied slot, whose subtree is then entered
// at its lowest index. `ancestors` of the path are found again by restarting, which happens at most once a level.
PageList::Entry PageList::FindNext(PageIndex from) const {
  PageIndex index = from;
  while (root_ != nullptr && !IsBeyond(index, height_)) {
    const Node* node = root_;
    unsigned level = height_ - 1;
    for (;;) {
      const uint64_t candidates = node->occupied & (~uint64_t{0} << SlotAt(index, level));
      if (candidates == 0) {
        break;
      }
      const unsigned slot = static_cast<unsigned>(std::countr_zero(candidates));
      if (slot != SlotAt(index, level)) {
        const unsigned shift = kBitsPerLevel * level;
        index = ((index >> shift >> kBitsPerLevel << kBitsPerLevel | slot)) << shift;
      }
      if (level == 0) {
        return {index, node->slots[slot].page};
      }
      node = node->slots[slot].node;
      --level;
    }
    // Nothing here at or above `index`: go on behind the subtree of this node.
    const unsigned shift = kBitsPerLevel * (level + 1);
    if (shift >= 64) {
      break;
    }
    const PageIndex next = ((index >> shift) + 1) << shift;
    if (next <= index) {
      break;
    }
    index = next;
  }
  return {0, nullptr};
}

size_t PageList::metadata_bytes() const { return node_count_ * sizeof(Node); }

}  // namespace gk
