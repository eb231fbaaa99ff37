// The regions of one Vmar by address: a treap, whose nodes are the regions themselves, so that inserting cannot fail.
//
// The regions never overlap. The tree owns one reference to each. Depth is logarithmic with overwhelming probability,
// because priorities come from a generator.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/vm/region.h"

namespace gk {

class RegionTree {
 public:
  // `seed` decides the shape. Programs must not know it: who does can make the tree a list.
  explicit RegionTree(uint64_t seed);
  RegionTree(const RegionTree&) = delete;
  RegionTree& operator=(const RegionTree&) = delete;
  // Precondition: empty.
  ~RegionTree();

  // Precondition: overlaps nothing in the tree.
  void Insert(RefPtr<Region> region);
  // Takes `region` out and returns the reference that the tree held.
  RefPtr<Region> Remove(Region& region);

  // The region that contains `address`; null when none does.
  [[nodiscard]] Region* Find(VirtualAddress address) const;
  // The lowest region that ends above `address`: the one that contains it, or the next one. Null when there is none.
  [[nodiscard]] Region* FindFrom(VirtualAddress address) const;
  [[nodiscard]] Region* First() const { return FindFrom(0); }
  // The region after `region`. It need not be in the tree any more.
  [[nodiscard]] Region* Next(const Region& region) const { return FindFrom(region.end()); }
  [[nodiscard]] bool empty() const { return root_ == nullptr; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static void Split(Region* node, VirtualAddress address, Region** low, Region** high);
  static Region* Merge(Region* low, Region* high);

  Region* root_ = nullptr;
  size_t size_ = 0;
  uint32_t random_;
};

}  // namespace gk
