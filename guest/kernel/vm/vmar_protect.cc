#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/vmar.h"

namespace gk {

Result<> Vmar::Protect(VirtualAddress address, uint64_t length, zx_vm_option_t options) {
  constexpr zx_vm_option_t kOptions =
      ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
  PAGODA_TRY(CheckRange(address, &length));
  const Access access = AccessFromOptions(options);
  if ((options & ~kOptions) != 0 || (!access.read && (access.write || access.execute))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY(CheckProtect(address, length, access));
  const VirtualAddress end = address + length;
  for (const VirtualAddress cut : {address, end}) {
    Mapping* mapping = FindMapping(cut);
    if (mapping != nullptr && !mapping->parent()->SplitMappingAt(cut).ok()) {
      JoinMappingsIn(address, end);
      return Error(ZX_ERR_NO_MEMORY);
    }
  }
  for (Mapping* mapping = NextMapping(address, end); mapping != nullptr;
       mapping = NextMapping(mapping->end(), end, mapping->parent())) {
    mapping->SetAccess(access);
  }
  // Only restricts: what is permitted now and was not before is found out by faults.
  space_->RestrictPages(address, length / kPageSize, access);
  JoinMappingsIn(address, end);
  return {};
}

// Makes one mapping of each two that meet in [address, end], where one can show what they show.
void Vmar::JoinMappingsIn(VirtualAddress address, VirtualAddress end) {
  for (Mapping* mapping = NextMapping(address, end); mapping != nullptr;) {
    const VirtualAddress next = mapping->end();
    Vmar* parent = mapping->parent();
    parent->JoinMappingsAt(mapping->base());
    mapping = NextMapping(next, end, parent);
  }
  if (Mapping* mapping = FindMapping(end); mapping != nullptr) {
    mapping->parent()->JoinMappingsAt(end);
  }
}

// Every page of the range must be mapped, and every mapping must permit the change; those inside further regions can
// only lose permissions.
Result<> Vmar::CheckProtect(VirtualAddress address, uint64_t length, Access access) {
  const VirtualAddress end = address + length;
  VirtualAddress position = address;
  for (Mapping* mapping = NextMapping(address, end); mapping != nullptr && mapping->base() <= position;
       mapping = NextMapping(mapping->end(), end, mapping->parent())) {
    const bool own = mapping->parent() == this;
    if (!IsSubset(access, own ? mapping->allowed() : mapping->access())) {
      return Error(ZX_ERR_ACCESS_DENIED);
    }
    position = Min(mapping->end(), end);
  }
  return position == end ? Result<>() : Error(ZX_ERR_NOT_FOUND);
}

}  // namespace gk
