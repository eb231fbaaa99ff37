// Copies of paged content: snapshots that share the page tree, and contents that have another one behind them.
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/paged_content.h"

namespace gk {

Result<> PagedContent::CheckSnapshot(SnapshotKind kind) const {
  if (kind_ == ContentKind::kContiguous) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (discardable_ != nullptr || (kind == SnapshotKind::kFull && (source_ || backing_))) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  // A pinned page must stay the only one of its content: a device writes to it.
  const bool shares = !source_;
  return cache_policy() != ZX_CACHE_POLICY_CACHED || (shares && pins_ != 0) ? Error(ZX_ERR_BAD_STATE) : Result<>();
}

Result<RefPtr<VmoContent>> PagedContent::Snapshot(SnapshotKind kind, const Window& window) {
  PAGODA_TRY(CheckSnapshot(kind));
  RefPtr<PagedContent> copy = Create();
  if (!copy) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  copy->ancestry_ = ancestry_ == Ancestry::kOriginal ? Ancestry::kCopy : Ancestry::kCopyOfCopy;
  copy->bias_ = TreeIndex(window.first);
  PAGODA_TRY(copy->CheckEnd(window.pages));
  const PageIndex end = window.first + Min(window.pages, window.visible - Min(window.visible, window.first));
  if (BacksCopy(kind, window.first, end)) {
    copy->bias_ = window.first;  // of this one's indices, which may not be its tree's
    copy->BackWith(RefPtr<PagedContent>(this), end);
  } else {
    // A copy that has nothing yet has nothing to share: its copies have its backing, and are no relatives.
    const bool shares = !backing_ || HasOwn(window.first, end);
    if (shares) {
      PAGODA_TRY(ShareTree(*copy, {window.first, end - window.first, window.visible}));
    }
    if (backing_) {
      copy->BackWith(backing_, Min(backing_end_, TreeIndex(end)));
    }
  }
  return RefPtr<VmoContent>(std::move(copy));
}

bool PagedContent::HasOwn(PageIndex first, PageIndex end) const {
  return tree_.FindNextNonAbsent(TreeIndex(first)).index < TreeIndex(end);
}

// Whether a copy of [first, end) has this content for its backing.
bool PagedContent::BacksCopy(SnapshotKind kind, PageIndex first, PageIndex end) const {
  if (source_ || !backing_) {
    return source_ != nullptr;
  }
  unsigned backings = 1;
  for (const PagedContent* content = backing_.get(); content->backing_; content = content->backing_.get()) {
    ++backings;
  }
  return kind == SnapshotKind::kOnWrite && backings < kMostBackings && !tree_.has_relatives() && HasOwn(first, end);
}

// What mappings of this content show of the window for writing is shared from now on.
Result<> PagedContent::ShareTree(PagedContent& copy, const Window& window) {
  const PageIndex first = TreeIndex(window.first);
  PAGODA_TRY(copy.tree_.CloneFrom(tree_, first, first + window.pages));
  if (copy.tree_.page_count() != 0) {
    WriteProtectInAll(window.first, window.pages);
  }
  return {};
}

// `end` is a tree index.
void PagedContent::BackWith(RefPtr<PagedContent> backing, PageIndex end) {
  backing_ = std::move(backing);
  backing_end_ = end;
  backing_->backed_.PushBack(*this);
}

void PagedContent::UnmapEverywhere(PageIndex first, PageIndex count) {
  UnmapFromAll(first, count);
  for (PagedContent& backed : backed_) {
    // Indices of this content are the other's tree indices.
    const PageIndex from = Max(first, backed.bias_);
    const PageIndex to = Min(first + count, backed.backing_end_);
    if (from < to) {
      backed.UnmapEverywhere(from - backed.bias_, to - from);
    }
  }
}

}  // namespace gk
