#include <utility>

#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/vmar.h"
#include "shared/base/range.h"

namespace gk {

// The checks that Unmap and Protect share. Rounds the length where that is what the policy says.
Result<> Vmar::CheckRange(VirtualAddress address, uint64_t* length) const {
  if (!alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (*length == 0 || !base::IsPageAligned(address) || base::AlignUpOverflows(*length, kPageSize) ||
      (api_policy == ApiPolicy::kDocumented && !base::IsPageAligned(*length))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  *length = base::AlignUp(*length, kPageSize);
  if (address < base_ || !base::RangeFits(address - base_, *length, size_)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return {};
}

Result<> Vmar::CheckUnmap(VirtualAddress address, uint64_t length) const {
  if (IsFree(address, length) && api_policy == ApiPolicy::kDocumented) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  const VirtualAddress end = address + length;
  for (Region* child = children_.FindFrom(address); child != nullptr && child->base() < end;
       child = children_.Next(*child)) {
    if (child->kind() == Kind::kVmar && (child->base() < address || child->end() > end)) {
      return Error(ZX_ERR_INVALID_ARGS);
    }
  }
  return {};
}

Result<> Vmar::Unmap(VirtualAddress address, uint64_t length) {
  PAGODA_TRY(CheckRange(address, &length));
  PAGODA_TRY(CheckUnmap(address, length));
  PAGODA_TRY(SplitMappingsAtEnds(address, length));
  RemoveRange(address, length);
  return {};
}

// Cuts the children of this region at both ends of the range; none is cut on failure.
Result<> Vmar::SplitMappingsAtEnds(VirtualAddress address, uint64_t length) {
  PAGODA_TRY(SplitMappingAt(address));
  Result<> split = SplitMappingAt(address + length);
  if (!split.ok()) {
    JoinMappingsAt(address);
  }
  return split;
}

// Makes two mappings of one that begins before `address` and ends after it. Together they show what it showed, so the
// page tables stay as they are, and whoever fails afterwards has changed nothing.
Result<> Vmar::SplitMappingAt(VirtualAddress address) {
  Region* region = children_.Find(address);
  Mapping* mapping = region != nullptr ? region->AsMapping() : nullptr;
  if (mapping == nullptr || mapping->base() == address) {
    return {};
  }
  RefPtr<Mapping> back = Mapping::Create(*space_, mapping->PartOf(address, mapping->end() - address));
  if (!back) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  mapping->SetSize(address - mapping->base());
  children_.OnResized(*mapping);
  InsertChild(std::move(back));
  return {};
}

// Makes one mapping of the two that meet at `address`, if one can show what they show. The page tables stay as they
// are.
void Vmar::JoinMappingsAt(VirtualAddress address) {
  Region* low = children_.FindBelow(address);
  Region* high = children_.Find(address);
  Mapping* front = low != nullptr ? low->AsMapping() : nullptr;
  Mapping* back = high != nullptr && high != low ? high->AsMapping() : nullptr;
  if (front == nullptr || back == nullptr || !front->IsContinuedBy(*back)) {
    return;
  }
  const uint64_t size = front->size() + back->size();
  RemoveLeaf(*back);
  front->SetSize(size);
  children_.OnResized(*front);
}

// Precondition: no child is cut by an end of the range. The page tables forget the range before any page can be freed.
void Vmar::RemoveRange(VirtualAddress address, uint64_t length) {
  space_->RemovePages(address, length / kPageSize);
  const VirtualAddress end = address + length;
  for (Region* child = children_.FindFrom(address); child != nullptr && child->base() < end;
       child = children_.FindFrom(address)) {
    RemoveChild(*child);
  }
}

}  // namespace gk
