#include "guest/kernel/vm/vmar.h"

#include <utility>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/api_policy.h"

namespace gk {

constinit ApiPolicy api_policy = ApiPolicy::kDocumented;

Vmar::Vmar(AddressSpace& space, VirtualAddress base, uint64_t size, zx_vm_option_t abilities)
    : Region(Kind::kVmar, space, base, size), children_(space.NextRandom()), abilities_(abilities) {}

Vmar::~Vmar() { GK_ASSERT(children_.empty()); }

Result<RefPtr<Vmar>> Vmar::Allocate(const Placement& placement) {
  constexpr zx_vm_option_t kAbilities =
      ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_COMPACT;
  constexpr zx_vm_option_t kPlacing = ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT | (~0u << ZX_VM_ALIGN_BASE);
  if (!alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if ((placement.options & ~(kAbilities | kPlacing)) != 0 || placement.size == 0 ||
      !base::IsPageAligned(placement.size)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!IsSubset(AccessFromAbilities(placement.options), AccessFromAbilities(abilities_))) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  const Result<VirtualAddress> address = FindPlace(placement);
  if (!address.ok()) {
    const bool full = address.error() == Status(ZX_ERR_NO_RESOURCES) && api_policy == ApiPolicy::kDocumented;
    return full ? Error(ZX_ERR_NO_MEMORY) : Error(address.error());
  }
  RefPtr<Vmar> vmar = MakeRefCounted<Vmar>(*space_, *address, placement.size, placement.options & kAbilities);
  if (!vmar) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  InsertChild(vmar);
  return vmar;
}

Result<> Vmar::Destroy() {
  if (!alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (parent_ == nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  const RefPtr<Vmar> keep_alive(this);
  space_->RemovePages(base_, size_ / kPageSize);
  parent_->RemoveChild(*this);
  return {};
}

void Vmar::InsertChild(RefPtr<Region> region) {
  region->parent_ = this;
  if (Mapping* mapping = region->AsMapping(); mapping != nullptr) {
    mapping->OnInserted();
  }
  children_.Insert(std::move(region));
}

// Precondition: no page table shows any of it.
void Vmar::RemoveChild(Region& region) {
  if (Vmar* vmar = region.AsVmar(); vmar != nullptr) {
    vmar->DestroyChildren();
  }
  RemoveLeaf(region);
}

// Precondition: `region` is a child and has no children.
void Vmar::RemoveLeaf(Region& region) {
  const RefPtr<Region> removed = children_.Remove(region);
  region.parent_ = nullptr;
  if (Mapping* mapping = region.AsMapping(); mapping != nullptr) {
    mapping->OnRemoved();
  }
  region.space_ = nullptr;
}

// From the leaves up. No recursion, here and in NextMapping: programs nest regions as deeply as they like.
void Vmar::DestroyChildren() {
  for (Vmar* vmar = this;;) {
    Region* child = vmar->children_.First();
    if (child == nullptr) {
      if (vmar == this) {
        return;
      }
      Vmar* above = vmar->parent_;
      above->RemoveLeaf(*vmar);
      vmar = above;
    } else if (child->kind() == Kind::kVmar) {
      vmar = child->AsVmar();
    } else {
      vmar->RemoveLeaf(*child);
    }
  }
}

// The lowest mapping, in this region or those inside it, that begins below `end` and ends above `from`. Walks name the
// region that held the mapping before as `start`, so that they cost the same however deep it lies.
Mapping* Vmar::NextMapping(VirtualAddress from, VirtualAddress end, Vmar* start) {
  for (Vmar* vmar = start != nullptr ? start : this;;) {
    Region* child = vmar->children_.FindFrom(from);
    if (child != nullptr && child->base() < end) {
      if (Mapping* mapping = child->AsMapping(); mapping != nullptr) {
        return mapping;
      }
      vmar = child->AsVmar();
    } else {
      if (vmar == this) {
        return nullptr;
      }
      from = vmar->end();
      vmar = vmar->parent_;
    }
  }
}

bool Vmar::IsFree(VirtualAddress address, uint64_t length) const {
  const Region* region = children_.FindFrom(address);
  return region == nullptr || region->base() >= address + length;
}

bool Vmar::TouchesRegion(VirtualAddress address, uint64_t length) const {
  if (!base::RangeFits(address - base_, length, size_)) {
    return false;
  }
  const VirtualAddress end = address + length;
  for (Region* child = children_.FindFrom(address); child != nullptr && child->base() < end;
       child = children_.Next(*child)) {
    if (child->kind() == Kind::kVmar) {
      return true;
    }
  }
  return false;
}

Mapping* Vmar::FindMapping(VirtualAddress address) {
  for (Region* region = this; region != nullptr;) {
    Vmar* vmar = region->AsVmar();
    if (vmar == nullptr) {
      return region->AsMapping();
    }
    region = vmar->children_.Find(address);
  }
  return nullptr;
}

}  // namespace gk
