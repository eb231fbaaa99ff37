#include "guest/kernel/vm/region_tree.h"

#include <utility>

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

RegionTree::~RegionTree() { GK_ASSERT(empty()); }

// Parts the subtree at `node` into regions below and at or above `address`.
void RegionTree::Split(Region* node, VirtualAddress address, Region** low, Region** high) {
  if (node == nullptr) {
    *low = *high = nullptr;
  } else if (node->base() < address) {
    *low = node;
    Split(node->right_, address, &node->right_, high);
  } else {
    *high = node;
    Split(node->left_, address, low, &node->left_);
  }
}

// Joins two subtrees, all of `low` below all of `high`.
Region* RegionTree::Merge(Region* low, Region* high) {
  if (low == nullptr || high == nullptr) {
    return low != nullptr ? low : high;
  }
  if (low->priority_ > high->priority_) {
    low->right_ = Merge(low->right_, high);
    return low;
  }
  high->left_ = Merge(low, high->left_);
  return high;
}

void RegionTree::Insert(RefPtr<Region> region) {
  Region* node = region.Release();
  node->priority_ = NextPriority(&random_);
  Region* low = nullptr;
  Region* high = nullptr;
  Split(root_, node->base(), &low, &high);
  root_ = Merge(Merge(low, node), high);
  ++size_;
}

RefPtr<Region> RegionTree::Remove(Region& region) {
  Region** link = &root_;
  while (*link != &region) {
    GK_ASSERT(*link != nullptr);
    link = region.base() < (*link)->base() ? &(*link)->left_ : &(*link)->right_;
  }
  *link = Merge(std::exchange(region.left_, nullptr), std::exchange(region.right_, nullptr));
  --size_;
  return AdoptRef(&region);
}

Region* RegionTree::FindFrom(VirtualAddress address) const {
  Region* found = nullptr;
  for (Region* node = root_; node != nullptr;) {
    if (node->end() > address) {
      found = node;
      node = node->left_;
    } else {
      node = node->right_;
    }
  }
  return found;
}

Region* RegionTree::Find(VirtualAddress address) const {
  Region* region = FindFrom(address);
  return region != nullptr && region->Contains(address) ? region : nullptr;
}

}  // namespace gk
