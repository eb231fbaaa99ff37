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
  if (access.write && access.execute) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  PAGODA_TRY(CheckProtect(address, length, access));
  for (const VirtualAddress cut : {address, address + length}) {
    if (Mapping* mapping = FindMapping(cut); mapping != nullptr) {
      PAGODA_TRY(mapping->parent()->SplitMappingAt(cut));
    }
  }
  SetAccess(address, length, access);
  // Only restricts: what is permitted now and was not before is found out by faults.
  space_->RestrictPages(address, length / kPageSize, access);
  return {};
}

// Every page of the range must be mapped, and every mapping must permit the change.
Result<> Vmar::CheckProtect(VirtualAddress address, uint64_t length, Access access) const {
  const VirtualAddress end = address + length;
  VirtualAddress position = address;
  for (Region* child = children_.FindFrom(address); child != nullptr && child->base() < end;
       child = children_.Next(*child)) {
    if (child->base() > position) {
      return Error(ZX_ERR_NOT_FOUND);
    }
    const VirtualAddress child_end = Min(child->end(), end);
    if (Vmar* vmar = child->AsVmar(); vmar != nullptr) {
      PAGODA_TRY(vmar->CheckProtect(position, child_end - position, access));
      PAGODA_TRY(vmar->CheckOnlyReduces(position, child_end - position, access));
    } else if (!IsSubset(access, child->AsMapping()->allowed())) {
      return Error(ZX_ERR_ACCESS_DENIED);
    }
    position = child_end;
  }
  return position == end ? Result<>() : Error(ZX_ERR_NOT_FOUND);
}

// Through a region above them, mappings can only lose permissions.
Result<> Vmar::CheckOnlyReduces(VirtualAddress address, uint64_t length, Access access) const {
  const VirtualAddress end = address + length;
  for (Region* child = children_.FindFrom(address); child != nullptr && child->base() < end;
       child = children_.Next(*child)) {
    const Mapping* mapping = child->AsMapping();
    if (mapping != nullptr && !IsSubset(access, mapping->access())) {
      return Error(ZX_ERR_ACCESS_DENIED);
    }
  }
  return {};
}

void Vmar::SetAccess(VirtualAddress address, uint64_t length, Access access) {
  const VirtualAddress end = address + length;
  for (Region* child = children_.FindFrom(address); child != nullptr && child->base() < end;
       child = children_.Next(*child)) {
    if (Vmar* vmar = child->AsVmar(); vmar != nullptr) {
      const VirtualAddress from = Max(address, child->base());
      vmar->SetAccess(from, Min(child->end(), end) - from, access);
    } else {
      child->AsMapping()->SetAccess(access);
    }
  }
}

}  // namespace gk
