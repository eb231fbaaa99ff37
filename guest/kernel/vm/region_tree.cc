// No recursion anywhere: the kernel stack is small, and how deep the tree is depends on what a program maps where.
#include "guest/kernel/vm/region_tree.h"

#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"

namespace gk {
namespace {

// xorshift (Marsaglia, "Xorshift RNGs", 2003): only the shape of the tree depends on it.
uint32_t NextPriority(uint32_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

}  // namespace

// The generator's state must not be 0.
RegionTree::RegionTree(uint64_t seed) : random_(static_cast<uint32_t>(seed >> 32) | 1) {}

RegionTree::~RegionTree() { GK_ASSERT(empty()); }

// Says anew what the subtrees of `node` and of those above it contain, up to `stop`, which is left out; null: all.
void RegionTree::UpdateFrom(Region* node, const Region* stop) const {
  for (; node != stop; node = node->up_) {
    ++visited_;
    const Region* left = node->left_;
    const Region* right = node->right_;
    node->subtree_base_ = left != nullptr ? left->subtree_base_ : node->base();
    node->subtree_end_ = right != nullptr ? right->subtree_end_ : node->end();
    node->subtree_gap_ = 0;
    if (left != nullptr) {
      node->subtree_gap_ = Max(left->subtree_gap_, node->base() - left->subtree_end_);
    }
    if (right != nullptr) {
      node->subtree_gap_ = Max(node->subtree_gap_, Max(right->subtree_gap_, right->subtree_base_ - node->end()));
    }
  }
}

// Parts the subtree at `node` into what lies below and above `parent`, whose children they become.
void RegionTree::Split(Region& parent, Region* node) {
  Region* low = &parent;
  Region* high = &parent;
  Region** low_link = &parent.left_;
  Region** high_link = &parent.right_;
  while (node != nullptr) {
    const bool below = node->base() < parent.base();
    Region*& end = below ? low : high;
    Region**& link = below ? low_link : high_link;
    *link = node;
    node->up_ = end;
    end = node;
    link = below ? &node->right_ : &node->left_;
    node = *link;
  }
  *low_link = *high_link = nullptr;
  UpdateFrom(low, &parent);
  UpdateFrom(high, &parent);
}

// Joins two subtrees, all of `low` below all of `high`, below `parent`. The caller links the result there and updates
// `parent` and those above.
Region* RegionTree::Merge(Region* low, Region* high, Region* parent) {
  Region* merged = nullptr;
  Region** link = &merged;
  Region* end = parent;
  while (low != nullptr && high != nullptr) {
    const bool take_low = low->priority_ > high->priority_;
    Region*& node = take_low ? low : high;
    *link = node;
    node->up_ = end;
    end = node;
    link = take_low ? &node->right_ : &node->left_;
    node = *link;
  }
  *link = low != nullptr ? low : high;
  if (*link != nullptr) {
    (*link)->up_ = end;
  }
  UpdateFrom(end, parent);
  return merged;
}

void RegionTree::Insert(RefPtr<Region> region) {
  Region* node = region.Release();
  node->priority_ = NextPriority(&random_);
  Region* parent = nullptr;
  Region** link = &root_;
  while (*link != nullptr && (*link)->priority_ >= node->priority_) {
    ++visited_;
    parent = *link;
    link = node->base() < parent->base() ? &parent->left_ : &parent->right_;
  }
  Split(*node, *link);
  *link = node;
  node->up_ = parent;
  UpdateFrom(node, nullptr);
  ++size_;
}

RefPtr<Region> RegionTree::Remove(Region& region) {
  Region* parent = std::exchange(region.up_, nullptr);
  Region** link = parent == nullptr ? &root_ : (parent->left_ == &region ? &parent->left_ : &parent->right_);
  GK_ASSERT(*link == &region);
  *link = Merge(std::exchange(region.left_, nullptr), std::exchange(region.right_, nullptr), parent);
  UpdateFrom(parent, nullptr);
  --size_;
  return AdoptRef(&region);
}

Region* RegionTree::FindFrom(VirtualAddress address) const {
  Region* found = nullptr;
  for (Region* node = root_; node != nullptr; ++visited_) {
    if (node->end() > address) {
      found = node;
      node = node->left_;
    } else {
      node = node->right_;
    }
  }
  return found;
}

Region* RegionTree::FindBelow(VirtualAddress address) const {
  Region* found = nullptr;
  for (Region* node = root_; node != nullptr; ++visited_) {
    if (node->base() < address) {
      found = node;
      node = node->right_;
    } else {
      node = node->left_;
    }
  }
  return found;
}

Region* RegionTree::Find(VirtualAddress address) const {
  Region* region = FindFrom(address);
  return region != nullptr && region->Contains(address) ? region : nullptr;
}

// Is there room between `before` and the end of the last region of `subtree`?
bool RegionTree::HasGap(VirtualAddress before, const Region* subtree, uint64_t size) {
  return subtree != nullptr && (subtree->subtree_base_ - before >= size || subtree->subtree_gap_ >= size);
}

// Precondition: HasGap.
RegionTree::Gap RegionTree::LowestGapBelow(VirtualAddress before, const Region* subtree, uint64_t size) const {
  for (const Region* node = subtree;;) {
    ++visited_;
    if (HasGap(before, node->left_, size)) {
      node = node->left_;
      continue;
    }
    const VirtualAddress begin = node->left_ != nullptr ? node->left_->subtree_end_ : before;
    if (node->base() - begin >= size) {
      return {begin, node->base()};
    }
    before = node->end();
    node = node->right_;
    GK_ASSERT(node != nullptr);
  }
}

// First the gap at `from`, then upwards through the tree: what lies to the right of a node and below it, then the gap
// before the next node above.
std::optional<RegionTree::Gap> RegionTree::FindGap(VirtualAddress from, VirtualAddress end, uint64_t size) const {
  std::optional<Gap> found;
  const Region* node = FindFrom(from);
  VirtualAddress before = from;  // where the gap that is looked at begins
  for (; node != nullptr && !found.has_value(); ++visited_) {
    if (before < node->base() && node->base() - before >= size) {
      found = Gap{before, node->base()};
      break;
    }
    before = node->end();
    if (HasGap(before, node->right_, size)) {
      found = LowestGapBelow(before, node->right_, size);
      break;
    }
    if (node->right_ != nullptr) {
      before = node->right_->subtree_end_;
    }
    while (node->up_ != nullptr && node->up_->right_ == node) {
      ++visited_;
      node = node->up_;
    }
    node = node->up_;
  }
  const Gap gap = found.value_or(Gap{before, end});
  if (gap.begin >= end || Min(gap.end, end) - gap.begin < size) {
    return std::nullopt;
  }
  return Gap{gap.begin, Min(gap.end, end)};
}

}  // namespace gk
