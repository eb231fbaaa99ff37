// Operations on ranges of paged content: taking pages away, and making zeroes.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/paged_content.h"
#include "shared/base/range.h"

namespace gk {

// What the documents exclude, copies and what has copies, is excluded in the real system only as long as pages may be
// shared; and what has something behind it would not read as zero.
Result<> PagedContent::Decommit(PageIndex first, PageIndex count) {
  const bool copy = ancestry_ != Ancestry::kOriginal && api_policy == ApiPolicy::kDocumented;
  if (source_ || backing_ || copy || tree_.has_relatives() || kind_ != ContentKind::kOnDemand) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (HasPins(first, count)) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return DropPages(first, first + count);
}

Result<> PagedContent::Truncate(PageIndex end) {
  if (HasPins(end, kNoPage - end)) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY(DropPages(end, kNoPage));
  ForgetBeyond(end);
  backing_end_ = Min(backing_end_, TreeIndex(end));
  for (PagedContent& backed : backed_) {
    backed.ClipBacking(end);
  }
  return {};
}

// The backing has lost its pages from `end` on, for ever. Mappings have been told.
void PagedContent::ClipBacking(PageIndex end) { backing_end_ = Min(backing_end_, end); }

// A copy's indices go on where the original's would: their sum must be an offset that can be said.
Result<> PagedContent::CheckEnd(PageIndex end) const {
  constexpr PageIndex kLimit = UINT64_MAX / kPageSize;
  return base::RangeFits(bias_, end, kLimit) ? Result<>() : Error(ZX_ERR_INVALID_ARGS);
}

Result<> PagedContent::DropPages(PageIndex first, PageIndex end) {
  return ClearPages(first, end, PageTree::Content::kAbsent);
}

// Nothing changed on failure.
Result<> PagedContent::ClearPages(PageIndex first, PageIndex end, PageTree::Content leave) {
  const PageIndex tree_end = end == kNoPage ? kNoPage : TreeIndex(end);
  PAGODA_TRY(tree_.PrepareClear(TreeIndex(first), tree_end, leave));
  UnmapEverywhere(first, end - first);
  tree_.Clear(TreeIndex(first), tree_end, leave);
  return {};
}

// Absent where that reads as zero.
Result<> PagedContent::Zero(PageIndex first, PageIndex count) {
  const PageIndex end = first + count;
  if (source_) {
    return ZeroTracked(first, end);
  }
  const PageIndex backing_end = backing_end_ > bias_ ? backing_end_ - bias_ : 0;
  const PageIndex made = Max(first, Min(end, backing_end));
  if (first < made) {
    PAGODA_TRY(ClearPages(first, made, PageTree::Content::kZero));
  }
  return made < end ? DropPages(made, end) : Result<>();
}

PageIndex PagedContent::FindStaying(PageIndex first, PageIndex end) const {
  const bool all = kind_ == ContentKind::kContiguous;
  if (pins_ == 0 && !all) {
    return kNoPage;
  }
  PageTree::Entry entry = tree_.FindNextPage(TreeIndex(first));
  while (entry.index < TreeIndex(end) && !all && entry.page->pin_count == 0) {
    entry = tree_.FindNextPage(entry.index + 1);
  }
  return entry.index < TreeIndex(end) ? entry.index - bias_ : kNoPage;
}

}  // namespace gk
