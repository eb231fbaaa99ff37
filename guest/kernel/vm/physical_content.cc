#include "guest/kernel/vm/physical_content.h"

#include "guest/kernel/lib/panic.h"

namespace gk {

RefPtr<PhysicalContent> PhysicalContent::Create(PhysicalAddress base, PageIndex pages) {
  return MakeRefCounted<PhysicalContent>(base, pages);
}

PhysicalContent::PhysicalContent(PhysicalAddress base, PageIndex pages) : base_(base), pages_(pages) {
  GK_ASSERT(base::IsPageAligned(base));
  set_cache_policy(ZX_CACHE_POLICY_UNCACHED);
}

PageLookup PhysicalContent::RequirePage(PageIndex index, PageIntent /*intent*/, size_t /*count*/,
                                        PageRequest& /*request*/) {
  GK_ASSERT(index < pages_);
  return PageLookup::Ready(AddressOf(index), true);
}

void PhysicalContent::PeekPages(PageIndex first, std::span<PresentPage> out) const {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = first + i < pages_ ? PresentPage{AddressOf(first + i), true} : PresentPage();
  }
}

PageIndex PhysicalContent::FindPresent(PageIndex from) const { return from < pages_ ? from : kNoPage; }

Result<> PhysicalContent::Decommit(PageIndex /*first*/, PageIndex /*count*/) { return Error(ZX_ERR_NOT_SUPPORTED); }

Result<> PhysicalContent::Truncate(PageIndex /*end*/) { return Error(ZX_ERR_NOT_SUPPORTED); }

Result<> PhysicalContent::Pin(PageIndex /*index*/, PinAccess /*access*/) {
  ++pins_;
  return {};
}

void PhysicalContent::Unpin(PageIndex /*index*/, PinAccess /*access*/) {
  GK_ASSERT(pins_ != 0);
  --pins_;
}

bool PhysicalContent::HasPins(PageIndex /*first*/, PageIndex count) const { return count != 0 && pins_ != 0; }

}  // namespace gk
