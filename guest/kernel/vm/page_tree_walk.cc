// Walks over a PageTree that change nothing: what comes next, what lies together.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page_tree_node.h"

namespace gk {

using page_tree::kBitsPerLevel;
using page_tree::kSlots;
using page_tree::LastIndexOf;
using page_tree::SlotAt;

PageTree::Entry PageTree::FindNextPage(PageIndex from) const { return FindNext(from, false); }
PageTree::Entry PageTree::FindNextNonAbsent(PageIndex from) const { return FindNext(from, true); }

// Descends towards `from`; where the path is empty, goes on from the next slot that is not, whose subtree is then
// entered at its lowest index. Above a subtree without a hit it starts again from the root, behind that subtree.
PageTree::Entry PageTree::FindNext(PageIndex from, bool with_zeroes) const {
  PageIndex index = from;
  while (root_ != nullptr && index <= LastIndexOf(height_)) {
    const Node* node = root_;
    unsigned level = height_ - 1;
    for (;;) {
      const uint64_t candidates =
          (node->occupied | (with_zeroes ? node->zeroes : 0)) & (~uint64_t{0} << SlotAt(index, level));
      if (candidates == 0 || (!with_zeroes && node->page_count == 0)) {
        break;
      }
      const unsigned slot = static_cast<unsigned>(std::countr_zero(candidates));
      if (slot != SlotAt(index, level)) {
        index = (index & ~LastIndexOf(level + 1)) | (PageIndex{slot} << (kBitsPerLevel * level));
      }
      if (node->IsZero(slot)) {
        return {index, nullptr};
      }
      if (level == 0) {
        return {index, node->slots[slot].page};
      }
      node = node->slots[slot].node;
      --level;
    }
    // Nothing here at or above `index`: go on behind the subtree of this node.
    const PageIndex last = index | LastIndexOf(level + 1);
    if (last == UINT64_MAX) {
      break;
    }
    index = last + 1;
  }
  return {};
}

// A node that has as many pages as there are places below it is skipped as a whole.
PageIndex PageTree::FindAbsent(PageIndex from) const {
  PageIndex index = from;
  while (root_ != nullptr && index <= LastIndexOf(height_)) {
    const Node* node = root_;
    for (unsigned level = height_ - 1;; --level) {
      const unsigned slot = SlotAt(index, level);
      const bool full = node->page_count != 0 && node->page_count - 1 == LastIndexOf(level + 1);
      if (!full && !node->Has(slot) && !node->IsZero(slot)) {
        return index;
      }
      if (full || level == 0 || !node->Has(slot)) {
        const PageIndex last = index | LastIndexOf(full ? level + 1 : level);
        if (last == UINT64_MAX) {
          return kNoPage;
        }
        index = last + 1;
        break;
      }
      node = node->slots[slot].node;
    }
  }
  return index;
}

// The node at `level` on the way to `index`; null when there is none. `*shared`: others may have it, too.
const PageTree::Node* PageTree::FindNode(PageIndex index, unsigned level, bool* shared) const {
  if (root_ == nullptr || level >= height_ || index > LastIndexOf(height_)) {
    return nullptr;
  }
  const Node* node = root_;
  *shared = node->references != 1;
  for (unsigned at = height_ - 1; at != level; --at) {
    const unsigned slot = SlotAt(index, at);
    if (!node->Has(slot)) {
      return nullptr;
    }
    node = node->slots[slot].node;
    *shared = *shared || node->references != 1;
  }
  return node;
}

void PageTree::Peek(PageIndex first, std::span<PresentPage> out) const {
  for (size_t done = 0; done < out.size();) {
    const PageIndex index = first + done;
    const size_t end = Min(out.size(), done + (kSlots - index % kSlots));
    bool shared = false;
    const Node* leaf = FindNode(index, 0, &shared);
    for (unsigned slot = SlotAt(index, 0); done < end; ++slot, ++done) {
      const bool present = leaf != nullptr && leaf->Has(slot);
      const Page* page = present ? leaf->slots[slot].page : nullptr;
      out[done] = present ? PresentPage{page->physical_address(),
                                        !shared && page->object.share_count == 1 && page->may_be_written()}
                          : PresentPage();
    }
  }
}

Page* PageTree::FindLargeRun(PageIndex first) const {
  constexpr unsigned kLeaves = base::kPagesPerLargePage / kSlots;
  GK_ASSERT(base::IsAligned(first, base::kPagesPerLargePage));
  bool shared = false;
  const Node* above = FindNode(first, 1, &shared);
  const unsigned first_slot = SlotAt(first, 1);
  if (above == nullptr || shared || !above->Has(first_slot)) {
    return nullptr;
  }
  for (unsigned i = 0; i < kLeaves; ++i) {  // the counts first: they are at hand
    const unsigned slot = first_slot + i;
    if (!above->Has(slot) || above->slots[slot].node->references != 1 ||
        above->slots[slot].node->page_count != kSlots) {
      return nullptr;
    }
  }
  Page* start = above->slots[first_slot].node->slots[0].page;
  for (unsigned i = 0; i < base::kPagesPerLargePage; ++i) {
    const Page* page = above->slots[first_slot + i / kSlots].node->slots[i % kSlots].page;
    if (page->frame != start->frame + i || page->object.share_count != 1 ||
        page->may_be_written() != start->may_be_written()) {
      return nullptr;
    }
  }
  return start;
}

size_t PageTree::CountPagesBelow(PageIndex end) const {
  if (root_ == nullptr || end > LastIndexOf(height_)) {
    return page_count();
  }
  size_t count = 0;
  const Node* node = root_;
  for (unsigned level = height_ - 1;; --level) {
    const unsigned slot = SlotAt(end, level);
    uint64_t below = node->occupied & ((uint64_t{1} << slot) - 1);
    if (level == 0) {
      return count + static_cast<size_t>(std::popcount(below));
    }
    for (; below != 0; below &= below - 1) {
      count += node->slots[std::countr_zero(below)].node->page_count;
    }
    if (!node->Has(slot)) {
      return count;
    }
    node = node->slots[slot].node;
  }
}

size_t PageTree::metadata_bytes() const {
  return root_ != nullptr ? CountNodes(*root_, height_ - 1) * sizeof(Node) : 0;
}

size_t PageTree::CountNodes(const Node& node, unsigned level) {
  size_t count = 1;
  for (uint64_t left = level != 0 ? node.occupied : 0; left != 0; left &= left - 1) {
    count += CountNodes(*node.slots[std::countr_zero(left)].node, level - 1);
  }
  return count;
}

}  // namespace gk
