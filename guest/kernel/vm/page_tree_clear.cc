// Ranges of a PageTree: making them empty, and copying them.
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page_tree_node.h"

namespace gk {

using page_tree::kBitsPerLevel;
using page_tree::LastIndexOf;
using page_tree::SlotAt;

Result<> PageTree::PrepareClear(PageIndex first, PageIndex end, Content leave) {
  if (first >= end || (root_ == nullptr && leave == Content::kAbsent)) {
    return {};
  }
  if (leave == Content::kZero) {
    PAGODA_TRY(GrowTo(end - 1));
  }
  const Range range{first, Min(end - 1, LastIndexOf(height_))};
  if (range.first > range.last) {
    return {};
  }
  Result<> prepared = PrepareEdge(range.first, range, leave);
  if (prepared.ok()) {
    prepared = PrepareEdge(range.last, range, leave);
  }
  if (!prepared.ok()) {
    PruneAt(range.first);
    PruneAt(range.last);
  }
  return prepared;
}

// Makes private what of the way to `index`, the first or last of `range`, lies partly outside of the range; and splits
// there what is all "zero", or absent, where the range leaves something else.
Result<> PageTree::PrepareEdge(PageIndex index, const Range& range, Content leave) {
  Node* node = MakePrivate(root_, height_ - 1) ? root_ : nullptr;
  for (unsigned level = height_ - 1; node != nullptr && level != 0; --level) {
    const unsigned slot = SlotAt(index, level);
    const bool same = !node->Has(slot) && node->IsZero(slot) == (leave == Content::kZero);
    if (same || range.Covers(level, index & ~LastIndexOf(level))) {
      return {};
    }
    node = ChildForWriting(*node, slot, level);
  }
  return node != nullptr ? Result<>() : Error(ZX_ERR_NO_MEMORY);
}

void PageTree::Clear(PageIndex first, PageIndex end, Content leave) {
  if (root_ == nullptr || first >= end || first > LastIndexOf(height_)) {
    return;
  }
  ClearBelow(*root_, height_ - 1, {first, Min(end - 1, LastIndexOf(height_))}, leave);
  if (root_->empty()) {
    DeleteNode(std::exchange(root_, nullptr));
  }
}

// `node` is private, `range` lies in it and is relative to it.
void PageTree::ClearBelow(Node& node, unsigned level, const Range& range, Content leave) {
  for (unsigned slot = SlotAt(range.first, level); slot <= SlotAt(range.last, level); ++slot) {
    const PageIndex start = PageIndex{slot} << (kBitsPerLevel * level);
    const bool covered = range.Covers(level, start);
    if (node.Has(slot) && !covered) {
      Node& child = *node.slots[slot].node;
      const uint64_t before = child.page_count;
      ClearBelow(child, level - 1, {Max(range.first, start) - start, Min(range.last - start, LastIndexOf(level))},
                 leave);
      node.page_count -= before - child.page_count;
      if (child.empty()) {
        DeleteNode(&child);
        node.Vacate(slot);
      }
      continue;
    }
    if (node.Has(slot)) {
      node.page_count -= level != 0 ? node.slots[slot].node->page_count : 1;
      ReleaseSlot(node, slot, level);
      node.Vacate(slot);
    }
    if (covered) {
      node.SetZero(slot, leave == Content::kZero);
    }
  }
}

Result<> PageTree::CloneFrom(PageTree& other, PageIndex first, PageIndex end) {
  GK_ASSERT(root_ == nullptr && !has_relatives());
  if (other.root_ != nullptr && first < end) {
    root_ = other.root_;
    height_ = other.height_;
    ++root_->references;
    Result<> cut = CutOff(0, first);
    if (cut.ok()) {
      cut = CutOff(end, kNoPage);
    }
    if (!cut.ok()) {
      Release(std::exchange(root_, nullptr), height_ - 1);
      return cut;
    }
  }
  next_in_ring_ = std::exchange(other.next_in_ring_, this);
  previous_in_ring_ = std::exchange(next_in_ring_->previous_in_ring_, this);
  return {};
}

Result<> PageTree::CutOff(PageIndex first, PageIndex end) {
  if (FindNextNonAbsent(first).index >= end) {
    return {};
  }
  PAGODA_TRY(PrepareClear(first, end, Content::kAbsent));
  Clear(first, end, Content::kAbsent);
  return {};
}

void PageTree::LeaveRing() {
  next_in_ring_->previous_in_ring_ = previous_in_ring_;
  previous_in_ring_->next_in_ring_ = next_in_ring_;
  next_in_ring_ = previous_in_ring_ = this;
}

}  // namespace gk
