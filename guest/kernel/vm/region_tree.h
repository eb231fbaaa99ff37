// The regions of one Vmar by address: a treap, whose nodes are the regions themselves, so that inserting cannot fail.
//
// The regions never overlap. The tree owns one reference to each. Depth is logarithmic with overwhelming probability,
// because priorities come from a generator. Each node knows the largest gap between the regions of its subtree, so a
// gap of some size is found without looking at the smaller ones.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <optional>

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
  // Whoever changes the end of a region that is in the tree says so at once. Precondition: it still overlaps nothing.
  void OnResized(Region& region) { UpdateFrom(&region, nullptr); }

  // The region that contains `address`; null when none does.
  [[nodiscard]] Region* Find(VirtualAddress address) const;
  // The lowest region that ends above `address`: the one that contains it, or the next one. Null when there is none.
  [[nodiscard]] Region* FindFrom(VirtualAddress address) const;
  // The highest region that begins below `address`; null when there is none.
  [[nodiscard]] Region* FindBelow(VirtualAddress address) const;
  [[nodiscard]] Region* First() const { return FindFrom(0); }
  // The region after `region`. It need not be in the tree any more.
  [[nodiscard]] Region* Next(const Region& region) const { return FindFrom(region.end()); }
  [[nodiscard]] bool empty() const { return root_ == nullptr; }
  [[nodiscard]] size_t size() const { return size_; }

  struct Gap {
    VirtualAddress begin;
    VirtualAddress end;
    [[nodiscard]] uint64_t size() const { return end - begin; }
  };
  // The lowest gap between regions that has `size` bytes inside [from, end), cut to [from, end). Logarithmic.
  [[nodiscard]] std::optional<Gap> FindGap(VirtualAddress from, VirtualAddress end, uint64_t size) const;

  // How many nodes all searches and changes have looked at so far: what they cost, for tests.
  [[nodiscard]] uint64_t visited() const { return visited_; }

 private:
  friend class RegionScan;
  void Split(Region& parent, Region* node);
  Region* Merge(Region* low, Region* high, Region* parent);
  void UpdateFrom(Region* node, const Region* stop) const;
  [[nodiscard]] static bool HasGap(VirtualAddress before, const Region* subtree, uint64_t size);
  [[nodiscard]] Gap LowestGapBelow(VirtualAddress before, const Region* subtree, uint64_t size) const;

  Region* root_ = nullptr;
  size_t size_ = 0;
  uint32_t random_;
  mutable uint64_t visited_ = 0;
};

}  // namespace gk
