// Where a new mapping or region goes.
//
// A fixed place is checked. A free one is random, so that a program cannot guess what lies where, with a free page on
// either side as long as there is room for that: who runs past the end of a mapping meets nothing. A compact region is
// filled from its start without such gaps.
//
// Random choice tries a few places among all there are, each as likely as the next. Where a region is so full that none
// of them is free, it takes a random place in a gap that is found by its size.

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

// How many aligned places of `size` bytes the gap has.
uint64_t CountPlaces(const RegionTree::Gap& gap, uint64_t size, uint64_t alignment) {
  const VirtualAddress first = base::AlignUp(gap.begin, alignment);
  return first < gap.end && size <= gap.end - first ? (gap.end - first - size) / alignment + 1 : 0;
}

// How often a random place is tried. In a region that is half full, one search by size in 256 is left.
constexpr int kTries = 8;

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

// The first gap in `window` that has a place of `size` bytes and a free page on either side if `guard` says so; the
// pages of the guard are not part of the result. Logarithmic, unless only gaps are left that barely suffice: those are
// tried one by one for their alignment.
std::optional<RegionTree::Gap> Vmar::FindRoom(const RegionTree::Gap& window, uint64_t size, uint64_t alignment,
                                              uint64_t guard) const {
  const uint64_t least = size + 2 * guard;
  const auto inner = [=](const RegionTree::Gap& gap) { return RegionTree::Gap{gap.begin + guard, gap.end - guard}; };
  if (const auto gap = children_.FindGap(window.begin, window.end, least + alignment - kPageSize); gap.has_value()) {
    return inner(*gap);
  }
  if (alignment == kPageSize) {
    return std::nullopt;
  }
  for (auto gap = children_.FindGap(window.begin, window.end, least); gap.has_value();
       gap = children_.FindGap(gap->end, window.end, least)) {
    if (CountPlaces(inner(*gap), size, alignment) != 0) {
      return inner(*gap);
    }
  }
  return std::nullopt;
}

VirtualAddress Vmar::RandomPlace(const RegionTree::Gap& room, uint64_t size, uint64_t alignment) {
  const uint64_t places = CountPlaces(room, size, alignment);
  return base::AlignUp(room.begin, alignment) + space_->NextRandom() % places * alignment;
}

// True when nothing is in the range nor in the page before and after it.
bool Vmar::IsFreeWithGuards(VirtualAddress address, uint64_t length) const {
  const VirtualAddress begin = address == base_ ? address : address - kPageSize;
  const VirtualAddress last = Min(address + length + kPageSize, end());
  return IsFree(begin, last - begin);
}

Result<VirtualAddress> Vmar::FreePlace(const Placement& placement, uint64_t alignment) {
  const bool limited = (placement.options & ZX_VM_OFFSET_IS_UPPER_LIMIT) != 0;
  if (limited && (placement.offset > size_ || placement.offset < placement.size)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const RegionTree::Gap all{base_, base_ + (limited ? placement.offset : size_)};
  if (CountPlaces(all, placement.size, alignment) == 0) {
    return Error(ZX_ERR_NO_RESOURCES);
  }
  const std::optional<VirtualAddress> place = (abilities_ & ZX_VM_COMPACT) != 0
                                                  ? LowestPlace(all, placement.size, alignment)
                                                  : AnyPlace(all, placement.size, alignment);
  return place.has_value() ? Result<VirtualAddress>(*place) : Error(ZX_ERR_NO_RESOURCES);
}

std::optional<VirtualAddress> Vmar::LowestPlace(const RegionTree::Gap& window, uint64_t size,
                                                uint64_t alignment) const {
  const auto room = FindRoom(window, size, alignment, 0);
  return room.has_value() ? std::optional(base::AlignUp(room->begin, alignment)) : std::nullopt;
}

std::optional<VirtualAddress> Vmar::TryRandomPlaces(const RegionTree::Gap& window, uint64_t size, uint64_t alignment) {
  for (int i = 0; i < kTries && CountPlaces(window, size, alignment) != 0; ++i) {
    const VirtualAddress place = RandomPlace(window, size, alignment);
    if (IsFreeWithGuards(place, size)) {
      return place;
    }
  }
  return std::nullopt;
}

// What is large enough for large page-table entries is placed where they fit, if that is easy.
std::optional<VirtualAddress> Vmar::AnyPlace(const RegionTree::Gap& window, uint64_t size, uint64_t alignment) {
  const uint64_t liked = size >= base::kLargePageSize ? Max(alignment, base::kLargePageSize) : alignment;
  for (const uint64_t tried : {liked, alignment}) {
    if (const auto place = TryRandomPlaces(window, size, tried); place.has_value()) {
      return place;
    }
  }
  const VirtualAddress start = RandomPlace(window, size, alignment);
  for (const uint64_t guard : {kPageSize, uint64_t{0}}) {
    for (const VirtualAddress from : {start, window.begin}) {
      if (const auto room = FindRoom({from, window.end}, size, alignment, guard); room.has_value()) {
        return RandomPlace(*room, size, alignment);
      }
    }
  }
  return std::nullopt;
}

}  // namespace gk
