// Operations on ranges of VMOs that take content away, and resizing.
#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/long_loop.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk {

Result<> Vmo::Decommit(uint64_t offset, uint64_t length) {
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (!base::IsPageAligned(offset) || !base::IsPageAligned(length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return content_->Decommit(ContentIndex(offset / kPageSize), length / kPageSize);
}

// The parts of pages at both ends first, because they may block; the whole pages in between then in one step, if the
// object is still as large.
Result<> Vmo::Zero(uint64_t offset, uint64_t length) {
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const uint64_t end = offset + length;
  const uint64_t first_whole = Min(base::AlignUp(offset, kPageSize), end);
  PAGODA_TRY(ZeroPartOfPage(offset, first_whole - offset));
  const uint64_t end_whole = Max(base::AlignDown(end, kPageSize), first_whole);
  PAGODA_TRY(ZeroPartOfPage(end_whole, end - end_whole));
  return ZeroPages(first_whole / kPageSize, end_whole / kPageSize);
}

// Pages that must stay where they are are overwritten, which may block; others given up.
Result<> Vmo::ZeroPages(PageIndex first, PageIndex end) {
  while (first < end) {
    if (end > page_end()) {
      return Error(ZX_ERR_OUT_OF_RANGE);
    }
    const PageIndex stays = content_->FindStaying(ContentIndex(first), ContentIndex(end));
    const PageIndex until = stays == kNoPage ? end : stays - content_first_;
    if (first < until) {
      PAGODA_TRY(content_->Zero(ContentIndex(first), until - first));
    }
    if (until < end) {
      PAGODA_TRY(ZeroPartOfPage(until * kPageSize, kPageSize));
    }
    first = until + 1;
  }
  return {};
}

// Inside one page, or all of it.
Result<> Vmo::ZeroPartOfPage(uint64_t offset, uint64_t length) {
  while (length != 0) {
    reclaim::SafePoint();
    PageRequest request;
    const PageIndex index = offset / kPageSize;
    if (index < page_end() && content_->IsKnownZero(ContentIndex(index))) {
      return {};
    }
    const PageLookup lookup = RequirePage(index, PageIntent::kWrite, 1, request);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kReady) {
      memset(lookup.data<uint8_t>() + offset % kPageSize, 0, length);
      content_->OnModified();
      return {};
    }
    PAGODA_TRY(request.Wait(SuspendPolicy::kGiveWay));
  }
  return {};
}

Result<> Vmo::Commit(uint64_t offset, uint64_t length) { return MakePresent(offset, length, PageIntent::kCommit); }
Result<> Vmo::Prefetch(uint64_t offset, uint64_t length) { return MakePresent(offset, length, PageIntent::kRead); }

Result<> Vmo::MakePresent(uint64_t offset, uint64_t length, PageIntent intent) {
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const PageIndex end = base::AlignUp(offset + length, kPageSize) / kPageSize;
  LongLoop loop;
  for (PageIndex index = offset / kPageSize; length != 0 && index < Min(end, page_end());) {
    reclaim::SafePoint();
    PageRequest request;
    const PageLookup lookup = RequirePage(index, intent, Min(end, page_end()) - index, request);
    switch (lookup.kind()) {
      case PageLookup::Kind::kReady:
        ++index;
        PAGODA_TRY(loop.OnProgress(kPageSize));
        break;
      case PageLookup::Kind::kFailed:
        return Error(lookup.status());
      case PageLookup::Kind::kNeedsPage:
        PAGODA_TRY(request.Wait(SuspendPolicy::kGiveWay));
        break;
    }
  }
  return {};
}

void Vmo::DontNeed(uint64_t offset, uint64_t length) {
  if (page_source() != nullptr) {
    SetHint(offset, length, PageHint::kDontNeed);
  }
}

Result<> Vmo::AlwaysNeed(uint64_t offset, uint64_t length) {
  if (page_source() == nullptr) {
    return {};
  }
  PAGODA_TRY(Prefetch(offset, length));
  SetHint(offset, length, PageHint::kAlwaysNeed);
  return {};
}

void Vmo::ExpectUse(uint64_t offset, uint64_t length) { SetHint(offset, length, PageHint::kAhead); }

// As far as the object reaches.
void Vmo::SetHint(uint64_t offset, uint64_t length, PageHint hint) {
  const PageIndex first = offset / kPageSize;
  const PageIndex end = Min(base::AlignUp(offset + length, kPageSize) / kPageSize, page_end());
  if (first < end) {
    content_->SetHint(ContentIndex(first), end - first, hint);
  }
}

Result<> Vmo::Resize(uint64_t size) {
  if (!resizable()) {
    return Error(ZX_ERR_UNAVAILABLE);
  }
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  for (;;) {
    reclaim::SafePoint();
    PageRequest request;
    const Result<> resized = TryResize(size, request);
    if (resized.ok() || resized.error() != Status(ZX_ERR_SHOULD_WAIT)) {
      return resized.ok() ? Result<>() : Error(resized.error());
    }
    PAGODA_TRY(request.Wait(SuspendPolicy::kGiveWay));
  }
}

// ZX_ERR_SHOULD_WAIT: the last page has to be fetched first, `request` waits for it. That page is made ready
// before anything is cut off, which may fail, and overwritten afterwards, which cannot.
Result<> Vmo::TryResize(uint64_t size, PageRequest& request) {
  const uint64_t rounded = base::AlignUp(size, kPageSize);
  PAGODA_TRY(content_->CheckEnd(ContentIndex(rounded / kPageSize)));
  uint8_t* last_page = nullptr;
  const PageIndex last = size / kPageSize;
  if (size % kPageSize != 0 && last < page_end() && !content_->IsKnownZero(ContentIndex(last))) {
    const PageLookup lookup = RequirePage(last, PageIntent::kWrite, 1, request);
    if (lookup.kind() != PageLookup::Kind::kReady) {
      return Error(lookup.kind() == PageLookup::Kind::kFailed ? lookup.status() : Status(ZX_ERR_SHOULD_WAIT));
    }
    last_page = lookup.data<uint8_t>();
  }
  const PageIndex end = ContentIndex(rounded / kPageSize);
  if (content_->HasPins(end, kNoPage - end)) {
    return Error(ZX_ERR_BAD_STATE);
  }
  // The stream may have ended before the object did, so it can grow while that shrinks.
  PAGODA_TRY(content_->Extend(rounded / kPageSize));
  if (rounded < this->size()) {
    PAGODA_TRY(content_->Truncate(rounded / kPageSize));
  }
  if (last_page != nullptr) {
    memset(last_page + size % kPageSize, 0, kPageSize - size % kPageSize);
  }
  extent_->size = rounded;
  extent_->content_size = size;
  content_->OnModified();
  return {};
}

}  // namespace gk
