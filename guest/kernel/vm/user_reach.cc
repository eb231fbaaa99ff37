#include "guest/kernel/vm/user_reach.h"

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/pmm.h"
#include "shared/base/range.h"

namespace gk {

// What an access would find; nothing if it would fault.
std::optional<arch::Translation> UserReach::Look(VirtualAddress address) const {
  const auto found = space_.page_table().Query(address);
  const bool permitted = found.has_value() && found->attributes.user && IsSubset(access_, found->attributes.access);
  return permitted ? found : std::nullopt;
}

// The physical map shows RAM only, and cached: the registers of a device, and what a program sees uncached, can be
// mapped by it but not be copied.
std::span<uint8_t> UserReach::Find(VirtualAddress address) {
  if (known_removals_ != space_.removals() || address - known_ >= known_bytes_.size()) {
    const auto found = Look(address);
    if (!found.has_value()) {
      return {};
    }
    const VirtualAddress leaf = base::AlignDown(address, found->leaf_size);
    const PhysicalAddress frame = found->address - (address - leaf);
    if (found->attributes.caching != arch::Caching::kCached || !IsRam(frame, found->leaf_size)) {
      return {};
    }
    known_ = leaf;
    known_bytes_ = {arch::PhysicalToVirtual<uint8_t>(frame), found->leaf_size};
    known_removals_ = space_.removals();
  }
  return known_bytes_.subspan(address - known_);
}

Result<> UserReach::FaultIn(VirtualAddress address) {
  if (!IsUserRange(address, 1)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (Look(address).has_value()) {  // so that is not what is wrong with it
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const Result<> handled = space_.HandleFault(address, access_, FaultOrigin::kCopy);
  if (handled.ok()) {
    return {};
  }
  switch (handled.error().value()) {
    case ZX_ERR_NOT_FOUND:
    case ZX_ERR_NO_MEMORY:
    case ZX_ERR_INTERNAL_INTR_KILLED:
      return Error(handled.error());
    default:
      return Error(ZX_ERR_INVALID_ARGS);
  }
}

bool UserReach::IsUserRange(VirtualAddress address, uint64_t length) {
  return length == 0 ||
         (address >= AddressSpace::kUserBase && base::RangeFits(address, length, AddressSpace::kUserEnd));
}

}  // namespace gk
