#include "guest/kernel/vm/pinned_range.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

Result<PinnedRange> PinnedRange::Pin(RefPtr<Vmo> vmo, uint64_t offset, uint64_t length) {
  GK_ASSERT(base::IsPageAligned(offset) && base::IsPageAligned(length));
  if (!base::RangeFits(offset, length, vmo->size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  PinnedRange range;
  range.vmo_ = std::move(vmo);
  range.first_ = offset / kPageSize;
  while (range.count_ < length / kPageSize) {
    PAGODA_TRY(range.PinNext());
  }
  return range;
}

// From a page's being ready to its being pinned nothing blocks, so it cannot go in between.
Result<> PinnedRange::PinNext() {
  const PageIndex index = first_ + count_;
  for (;;) {
    reclaim::SafePoint();
    PageRequest request;
    const PageLookup lookup = vmo_->RequirePage(index, PageIntent::kWrite, 1, request);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kReady) {
      PAGODA_TRY(vmo_->content().Pin(vmo_->ContentIndex(index)));
      ++count_;
      return {};
    }
    PAGODA_TRY(request.Wait());
  }
}

void PinnedRange::Release() {
  for (; count_ != 0; --count_) {
    vmo_->content().Unpin(vmo_->ContentIndex(first_ + count_ - 1));
  }
  vmo_.reset();
}

PhysicalAddress PinnedRange::AddressOf(PageIndex index) const {
  GK_ASSERT(index < count_);
  return vmo_->PeekPage(first_ + index).address;
}

}  // namespace gk
