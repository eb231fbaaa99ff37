// Where a new mapping or region goes.
//
// A fixed place is checked. A free one is chosen at random among all places that fit, so that a program cannot guess
// what lies where; in a compact region it is the lowest. Random choice counts the places in a first walk over the gaps
// and takes the n-th in a second one.

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/vmar.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constexpr uint64_t kNoAlignment = 0;

// Bytes; kNoAlignment for an exponent that the API does not have.
uint64_t AlignmentFrom(zx_vm_option_t options) {
  const unsigned exponent = options >> ZX_VM_ALIGN_BASE;
  if (exponent == 0) {
    return kPageSize;
  }
  if (exponent < 10 || exponent > 32) {
    return kNoAlignment;
  }
  return Max(uint64_t{1} << exponent, kPageSize);
}

// How many aligned places of `size` bytes the gap [begin, end) has.
uint64_t CountPlaces(VirtualAddress begin, VirtualAddress end, uint64_t size, uint64_t alignment) {
  const VirtualAddress first = base::AlignUp(begin, alignment);
  return first < end && size <= end - first ? (end - first - size) / alignment + 1 : 0;
}

}  // namespace

Result<VirtualAddress> Vmar::FindPlace(const Placement& placement) {
  const zx_vm_option_t fixed = placement.options & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE);
  const bool limited = (placement.options & ZX_VM_OFFSET_IS_UPPER_LIMIT) != 0;
  const uint64_t alignment = AlignmentFrom(placement.options);
  if (alignment == kNoAlignment || (fixed != 0 && limited) || !base::IsPageAligned(placement.offset) ||
      (fixed == 0 && !limited && placement.offset != 0) || placement.size > size_) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if ((fixed != 0 || limited) && (abilities_ & ZX_VM_CAN_MAP_SPECIFIC) == 0) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  return fixed != 0 ? FixedPlace(placement, alignment) : FreePlace(placement, alignment);
}

Result<VirtualAddress> Vmar::FixedPlace(const Placement& placement, uint64_t alignment) {
  if (!base::RangeFits(placement.offset, placement.size, size_) ||
      !base::IsAligned(base_ + placement.offset, alignment)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const VirtualAddress address = base_ + placement.offset;
  if ((placement.options & ZX_VM_SPECIFIC_OVERWRITE) == 0 && !IsFree(address, placement.size)) {
    return Error(ZX_ERR_ALREADY_EXISTS);
  }
  return address;
}

// Calls `action(begin, end)` for each gap below `limit`, ascending, until it returns false.
template <typename Action>
void Vmar::ForEachGap(VirtualAddress limit, Action action) const {
  VirtualAddress begin = base_;
  for (Region* child = children_.First(); child != nullptr && begin < limit; child = children_.Next(*child)) {
    if (!action(begin, Min(child->base(), limit))) {
      return;
    }
    begin = child->end();
  }
  if (begin < limit) {
    action(begin, limit);
  }
}

Result<VirtualAddress> Vmar::FreePlace(const Placement& placement, uint64_t alignment) {
  const bool limited = (placement.options & ZX_VM_OFFSET_IS_UPPER_LIMIT) != 0;
  if (limited && (placement.offset > size_ || placement.offset < placement.size)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const VirtualAddress limit = base_ + (limited ? placement.offset : size_);
  uint64_t places = 0;
  ForEachGap(limit, [&](VirtualAddress begin, VirtualAddress end) {
    places += CountPlaces(begin, end, placement.size, alignment);
    return true;
  });
  if (places == 0) {
    return Error(ZX_ERR_NO_RESOURCES);
  }
  uint64_t chosen = (abilities_ & ZX_VM_COMPACT) != 0 ? 0 : space_->NextRandom() % places;
  VirtualAddress address = 0;
  ForEachGap(limit, [&](VirtualAddress begin, VirtualAddress end) {
    const uint64_t here = CountPlaces(begin, end, placement.size, alignment);
    if (chosen < here) {
      address = base::AlignUp(begin, alignment) + chosen * alignment;
      return false;
    }
    chosen -= here;
    return true;
  });
  return address;
}

}  // namespace gk
