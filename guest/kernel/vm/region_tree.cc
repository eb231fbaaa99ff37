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

// The generator's state must not be 0.
RegionTree::RegionTree(uint64_t seed) : random_(static_cast<uint32_t>(seed >> 32) | 1) {}

RegionTree::~RegionTree() { GK_ASSERT(empty()); }

// Parts the subtree at `node` into regions below and at or above `address`. No recursion, here and in Merge: the kernel
// stack is small, and how deep the tree is depends on what a program maps where.
void RegionTree::Split(Region* node, VirtualAddress address, Region** low, Region** high) {
  while (node != nullptr) {
    if (node->base() < address) {
      *low = node;
      low = &node->right_;
      node = node->right_;
    } else {
      *high = node;
      high = &node->left_;
      node = node->left_;
    }
  }
  *low = *high = nullptr;
}

// Joins two subtrees, all of `low` below all of `high`.
Region* RegionTree::Merge(Region* low, Region* high) {
  Region* merged = nullptr;
  Region** link = &merged;
  while (low != nullptr && high != nullptr) {
    if (low->priority_ > high->priority_) {
      *link = low;
      link = &low->right_;
      low = low->right_;
    } else {
      *link = high;
      link = &high->left_;
      high = high->left_;
    }
  }
  *link = low != nullptr ? low : high;
  return merged;
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
