#include "guest/kernel/vm/pinned_range.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/long_loop.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

Result<PinnedRange> PinnedRange::Pin(RefPtr<Vmo> vmo, uint64_t offset, uint64_t length, PinAccess access) {
  GK_ASSERT(base::IsPageAligned(offset) && base::IsPageAligned(length));
  if (!base::RangeFits(offset, length, vmo->size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  PinnedRange range;
  range.vmo_ = std::move(vmo);
  range.access_ = access;
  range.first_ = offset / kPageSize;
  LongLoop loop;
  while (range.count_ < length / kPageSize) {
    PAGODA_TRY(range.PinNext(length / kPageSize - range.count_));
    if (range.count_ < length / kPageSize) {
      PAGODA_TRY(loop.OnProgress(kPageSize));
    }
  }
  if (access == PinAccess::kWrite) {
    range.vmo_->content().OnModified();
  }
  return range;
}

// From a page's being ready to its being pinned nothing blocks, so it cannot go in between.
Result<> PinnedRange::PinNext(PageIndex left) {
  const PageIndex index = first_ + count_;
  for (;;) {
    reclaim::SafePoint();
    PageRequest request;
    const PageIntent intent = access_ == PinAccess::kWrite ? PageIntent::kPinWrite : PageIntent::kPinRead;
    const PageLookup lookup = vmo_->RequirePage(index, intent, left, request);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kReady) {
      PAGODA_TRY(vmo_->content().Pin(vmo_->ContentIndex(index), access_));
      ++count_;
      return {};
    }
    PAGODA_TRY(request.Wait(SuspendPolicy::kGiveWay));
  }
}

void PinnedRange::Release() {
  for (; count_ != 0; --count_) {
    vmo_->content().Unpin(vmo_->ContentIndex(first_ + count_ - 1), access_);
  }
  vmo_.reset();
}

PhysicalAddress PinnedRange::AddressOf(PageIndex index) const {
  GK_ASSERT(index < count_);
  return vmo_->PeekPage(first_ + index).address;
}

}  // namespace gk
