// A region of an address space that holds mappings and further regions, with Zircon's operations on it.
//
// Options are Zircon's ZX_VM_* bits. Offsets are relative to base(); addresses are absolute. What is said of lengths
// and of ZX_VM_ALLOW_FAULTS is ApiPolicy::kDocumented (api_policy.h). Kernel lock held. Only OpRange may block;
// ZX_VM_MAP_RANGE does not: it enters what is present.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include <optional>

#include "guest/kernel/vm/mapping.h"
#include "guest/kernel/vm/region.h"
#include "guest/kernel/vm/region_tree.h"

namespace gk {

struct MapRequest {
  RefPtr<Vmo> vmo;
  uint64_t vmo_offset = 0;   // bytes, page-aligned
  uint64_t length = 0;       // bytes, a page multiple, not 0
  uint64_t vmar_offset = 0;  // with ZX_VM_SPECIFIC, _SPECIFIC_OVERWRITE, _OFFSET_IS_UPPER_LIMIT; else 0
  zx_vm_option_t options = 0;
  // What the VMO handle's rights permit: the mapping never gets more, neither now nor by Protect.
  Access vmo_rights{.read = true, .write = true, .execute = true};
};

// ZX_VMAR_OP_*.
enum class RangeOp : uint8_t { kCommit, kDecommit, kMapRange, kZero, kDontNeed, kAlwaysNeed, kPrefetch };

class Vmar final : public Region {
 public:
  ~Vmar() override;

  // Maps part of a VMO and returns the address. Errors, checked in this order:
  //   ZX_ERR_BAD_STATE      this region was destroyed
  //   ZX_ERR_INVALID_ARGS   unknown or contradictory options; FAULT_BEYOND_STREAM_SIZE without ALLOW_FAULTS; write or
  //   execute without read; unaligned; empty; a fixed
  //                         place outside this region; an offset without an option that needs one; larger than the
  //                         region
  //   ZX_ERR_OUT_OF_RANGE   vmo_offset + length wraps
  //   ZX_ERR_ACCESS_DENIED  more permission than the VMO handle or this region grants; a fixed place without
  //                         CAN_MAP_SPECIFIC
  //   ZX_ERR_NOT_SUPPORTED  REQUIRE_NON_RESIZABLE and a resizable VMO; no ALLOW_FAULTS and the VMO is resizable, can be
  //                         discarded or has a page source. ZX_ERR_BUFFER_TOO_SMALL: no ALLOW_FAULTS and it reaches
  //                         past the VMO's end
  //   ZX_ERR_ALREADY_EXISTS ZX_VM_SPECIFIC and something is there
  //   ZX_ERR_NO_RESOURCES   no gap is large enough
  //   ZX_ERR_NO_MEMORY
  // Nothing changed on failure.
  Result<VirtualAddress> Map(const MapRequest& request);

  // Removes all mappings in the range, cutting those at its ends, and destroys regions that lie wholly inside. Holes
  // are fine. ZX_ERR_INVALID_ARGS: outside this region, unaligned, empty, or a region is only partly covered;
  // ZX_ERR_NOT_FOUND: nothing is there; ZX_ERR_BAD_STATE; ZX_ERR_NO_MEMORY: a cut makes a new mapping. Nothing changed
  // on failure.
  Result<> Unmap(VirtualAddress address, uint64_t length);

  // Changes the permissions of all mappings in the range to the PERM bits in `options`. ZX_ERR_NOT_FOUND: part of the
  // range is not mapped; ZX_ERR_ACCESS_DENIED: more than a mapping allows;
  // ZX_ERR_INVALID_ARGS, ZX_ERR_BAD_STATE, ZX_ERR_NO_MEMORY as above. Mappings inside regions in the range can only
  // lose permissions. Nothing changed on failure.
  Result<> Protect(VirtualAddress address, uint64_t length, zx_vm_option_t options);

  // Does `op` to the objects that are mapped in the range, as the operation of that name on a VMO does. May block for
  // kCommit, kPrefetch and kAlwaysNeed. `length` is rounded up to pages, but kDecommit and kZero refuse what needs it.
  // Errors:
  //   ZX_ERR_INVALID_ARGS   unaligned or empty
  //   ZX_ERR_BAD_STATE      this region was destroyed
  //   ZX_ERR_OUT_OF_RANGE   not inside this region
  // and, of the lowest address that has one of them:
  //   ZX_ERR_BAD_STATE      nothing is mapped
  //   ZX_ERR_INVALID_ARGS   a further region, and not `may_reach_children`, or the operation never does: only
  //                         kMapRange, kDontNeed and kAlwaysNeed do
  //   ZX_ERR_ACCESS_DENIED  the VMO handle that was mapped did not permit writing (kPrefetch: reading)
  //   ZX_ERR_OUT_OF_RANGE   the object ends before the mapping does, or with ZX_VM_FAULT_BEYOND_STREAM_SIZE its
  //   content:
  //                         kMapRange and the hints do not mind
  // Nothing changed if it is one of these, unless others changed what is mapped while it blocked. Otherwise the
  // object's own error; what lies below the mapping that it concerns is done.
  Result<> OpRange(RangeOp op, VirtualAddress address, uint64_t length, bool may_reach_children);

  struct Placement {
    uint64_t offset = 0;  // with ZX_VM_SPECIFIC, _OFFSET_IS_UPPER_LIMIT; else 0
    uint64_t size = 0;    // bytes, a page multiple
    zx_vm_option_t options = 0;
  };
  // Makes a region inside this one, with the ZX_VM_CAN_MAP_* abilities in `options`. Errors as for Map where they
  // apply; ZX_ERR_ACCESS_DENIED: an ability that this region does not have itself; ZX_ERR_NO_MEMORY also when no gap is
  // large enough (the real system: ZX_ERR_NO_RESOURCES, as for Map).
  Result<RefPtr<Vmar>> Allocate(const Placement& placement);

  // Unmaps everything inside, and the region itself out of its parent. Handles to it see ZX_ERR_BAD_STATE from now on.
  // ZX_ERR_BAD_STATE: was destroyed before. ZX_ERR_NOT_SUPPORTED: the root, which goes with its address space.
  Result<> Destroy();

  // True when the range touches a region (not a mapping) in this one: what needs ZX_RIGHT_OP_CHILDREN.
  [[nodiscard]] bool TouchesRegion(VirtualAddress address, uint64_t length) const;

  // The mapping that contains `address`, in this region or those inside it; null when none does.
  [[nodiscard]] Mapping* FindMapping(VirtualAddress address);
  [[nodiscard]] const RegionTree& children() const { return children_; }
  // Its ZX_VM_CAN_MAP_* bits, and ZX_VM_COMPACT.
  [[nodiscard]] zx_vm_option_t abilities() const { return abilities_; }

 private:
  friend class AddressSpace;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  Vmar(AddressSpace& space, VirtualAddress base, uint64_t size, zx_vm_option_t abilities);

  // vmar.cc
  void InsertChild(RefPtr<Region> region);
  void RemoveChild(Region& region);
  void RemoveLeaf(Region& region);
  void DestroyChildren();
  [[nodiscard]] Mapping* NextMapping(VirtualAddress from, VirtualAddress end, Vmar* start = nullptr);
  [[nodiscard]] bool IsFree(VirtualAddress address, uint64_t length) const;

  // vmar_place.cc
  Result<VirtualAddress> FindPlace(const Placement& placement);
  Result<VirtualAddress> FixedPlace(const Placement& placement, uint64_t alignment);
  Result<VirtualAddress> FreePlace(const Placement& placement, uint64_t alignment);
  [[nodiscard]] std::optional<RegionTree::Gap> FindRoom(const RegionTree::Gap& window, uint64_t size,
                                                        uint64_t alignment, uint64_t guard) const;
  [[nodiscard]] std::optional<VirtualAddress> LowestPlace(const RegionTree::Gap& window, uint64_t size,
                                                          uint64_t alignment) const;
  std::optional<VirtualAddress> TryRandomPlaces(const RegionTree::Gap& window, uint64_t size, uint64_t alignment);
  std::optional<VirtualAddress> AnyPlace(const RegionTree::Gap& window, uint64_t size, uint64_t alignment);
  VirtualAddress RandomPlace(const RegionTree::Gap& room, uint64_t size, uint64_t alignment);
  [[nodiscard]] bool IsFreeWithGuards(VirtualAddress address, uint64_t length) const;

  // vmar_map.cc
  Result<> CheckMap(const MapRequest& request, Access access) const;

  // vmar_unmap.cc
  Result<> CheckRange(VirtualAddress address, uint64_t* length) const;
  Result<> CheckUnmap(VirtualAddress address, uint64_t length) const;
  Result<> SplitMappingAt(VirtualAddress address);
  Result<> SplitMappingsAtEnds(VirtualAddress address, uint64_t length);
  void JoinMappingsAt(VirtualAddress address);
  void RemoveRange(VirtualAddress address, uint64_t length);

  // vmar_protect.cc
  Result<> CheckProtect(VirtualAddress address, uint64_t length, Access access);
  void JoinMappingsIn(VirtualAddress address, VirtualAddress end);

  // vmar_op_range.cc
  Result<> CheckOpRange(RangeOp op, VirtualAddress address, uint64_t* length) const;
  Result<Mapping*> CheckOperand(RangeOp op, VirtualAddress address, VirtualAddress end, bool may_reach_children,
                                Vmar* start);
  Result<> CheckOperands(RangeOp op, VirtualAddress address, VirtualAddress end, bool may_reach_children);
  Result<> ApplyRangeOp(RangeOp op, Mapping& mapping, VirtualAddress address, VirtualAddress end);
  Result<Mapping*> FindOperand(VirtualAddress address, bool in_children, Vmar* start = nullptr);

  RegionTree children_;
  const zx_vm_option_t abilities_;
};

}  // namespace gk
