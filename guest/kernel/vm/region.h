// A part of an address space: either a Mapping (of a VMO) or a Vmar (which holds further regions).
//
//   kAlive ----- Destroy, or the parent's Destroy -----> kDestroyed (out of the tree; only handles keep it in memory)
//
// The parent holds a reference to each region in its tree. `space` and `parent` are borrowed and valid while kAlive:
// the address space destroys all regions before it goes.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"

namespace gk {

class AddressSpace;
class Mapping;
class Vmar;

class Region : public RefCounted<Region> {
 public:
  enum class Kind : uint8_t { kMapping, kVmar };

  virtual ~Region();

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] VirtualAddress base() const { return base_; }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] VirtualAddress end() const { return base_ + size_; }
  [[nodiscard]] bool Contains(VirtualAddress address) const { return address >= base_ && address - base_ < size_; }
  [[nodiscard]] bool alive() const { return space_ != nullptr; }
  [[nodiscard]] AddressSpace* space() const { return space_; }
  [[nodiscard]] Vmar* parent() const { return parent_; }

  // Null when it is the other kind.
  [[nodiscard]] Mapping* AsMapping();
  [[nodiscard]] Vmar* AsVmar();

 protected:
  Region(Kind kind, AddressSpace& space, VirtualAddress base, uint64_t size);

  VirtualAddress base_;
  uint64_t size_;
  AddressSpace* space_;  // null: kDestroyed

 private:
  friend class RegionScan;
  friend class RegionTree;
  friend class Vmar;
  const Kind kind_;
  Vmar* parent_ = nullptr;

  // Owned by the RegionTree that the region is in.
  Region* up_ = nullptr;
  Region* left_ = nullptr;
  Region* right_ = nullptr;
  uint32_t priority_ = 0;
  // Of the subtree below and including this region.
  VirtualAddress subtree_base_ = 0;
  VirtualAddress subtree_end_ = 0;
  uint64_t subtree_gap_ = 0;  // bytes of the largest gap between two of its regions
};

}  // namespace gk
