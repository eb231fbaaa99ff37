// The stream size: how many bytes of an object mean something. What lies beyond it is zeroes whenever the size moves,
// so that growing never shows what was written there before.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk {

Result<> Vmo::SetStreamSize(uint64_t stream_size) {
  return stream_size <= size() ? SetContentSizeAndZero(stream_size) : Error(ZX_ERR_OUT_OF_RANGE);
}

// May block in between; the object may shrink meanwhile, which zeroes as well.
Result<> Vmo::SetContentSizeAndZero(uint64_t content_size) {
  if (MovesSourceEnd()) {
    return MoveStreamEnd(content_size);
  }
  const uint64_t from = Min(Min(content_size, this->content_size()), size());
  const uint64_t end = Min(Max(content_size, this->content_size()), size());
  if (from < end) {
    PAGODA_TRY(Zero(from, end - from));
  }
  SetContentSize(content_size);
  return {};
}

// Slices have a note of their own, which concerns nobody else.
bool Vmo::MovesSourceEnd() const {
  PagedContent* paged = content_->AsPaged();
  return paged != nullptr && paged->own_source() != nullptr && child_kind_ != ChildKind::kSlice;
}

// The page in which the stream ends keeps what lies before the end; beyond it there is nothing but zeroes, which the
// content makes, because they are to be tracked up to the new end only.
Result<> Vmo::MoveStreamEnd(uint64_t content_size) {
  const uint64_t from = Min(Min(content_size, this->content_size()), size());
  const uint64_t page_end = Min(base::AlignUp(from, kPageSize), size());
  if (from < page_end) {
    PAGODA_TRY(Zero(from, page_end - from));
  }
  const uint64_t end = base::AlignUp(Min(content_size, size()), kPageSize);
  PAGODA_TRY(content_->AsPaged()->MoveSourceEnd(end / kPageSize));
  SetContentSize(content_size);
  content_->OnModified();
  return {};
}

}  // namespace gk
