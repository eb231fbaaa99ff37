// Content with a source: which pages the kernel may take back when memory is short, and how they go.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/sched/observation.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

// A page that cannot go stays out of the order; its next use as one that can brings it in. Pages that are only lent any
// more belong to no content.
void PagedContent::OnUsed(Page& page) {
  if (page.object.owner != nullptr && page.dirty_state == DirtyState::kClean) {
    if (page.hint == PageHint::kAhead) {
      page.object.owner->OnAheadUsed(page.object.index);
    }
    reclaim::MarkUsed(page);
  }
}

// A fault shows a page's neighbours with it, and nothing is heard of their use then: they are used when it is.
void PagedContent::OnAheadUsed(PageIndex index) {
  const bool large = tree_.FindLargeRun(base::AlignDown(index, base::kPagesPerLargePage)) != nullptr;
  const PageIndex window = large ? base::kPagesPerLargePage : kFaultWindowPages;
  const PageIndex first = base::AlignDown(index, window);
  for (PageTree::Entry entry = tree_.FindNextPage(first); entry.index - first < window;
       entry = tree_.FindNextPage(entry.index + 1)) {
    if (entry.page->hint == PageHint::kAhead) {
      reclaim::MarkUsed(*entry.page);
    }
  }
}

bool PagedContent::CanEvict(const Page& page) const {
  return source_->attached() && CanBeHadAgain(page) && !source_->IsAsked(SourceRequestKind::kDirty, page.object.index);
}

Page* PagedContent::FindEvictableRun(const Page& page) const {
  Page* run = tree_.FindLargeRun(base::AlignDown(page.object.index, base::kPagesPerLargePage));
  for (PageIndex i = 0; run != nullptr && i < base::kPagesPerLargePage; ++i) {
    run = CanEvict(run[i]) ? run : nullptr;
  }
  return run;
}

// All marks are taken, not just the first.
bool PagedContent::TakeAccessedMarks(PageIndex first, PageIndex count) {
  bool accessed = false;
  for (PageIndex i = 0; i < count; ++i) {
    accessed |= TakeAccessedMark(first + i);
  }
  return accessed;
}

bool PagedContent::TakeAccessedMark(PageIndex index) {
  bool accessed = TakeAccessedMarkInAll(index);
  for (PagedContent& backed : backed_) {
    // Indices of this content are the other's tree indices.
    if (index >= backed.bias_ && index < backed.backing_end_) {
      accessed |= backed.TakeAccessedMarkInAll(index - backed.bias_);
    }
  }
  return accessed;
}

void PagedContent::EvictPages(PageIndex first, PageIndex count) {
  UnmapEverywhere(first, count);
  for (PageIndex i = 0; i < count; ++i) {
    FreePage(tree_.Take(first + i));
  }
  OnReclaimed(count);
  observation.counters.evicted_pages += count;
  if (const PagerIdentity pager = source_->provider().identity(); pager.kind == PagerIdentity::Kind::kHost) {
    NoteEvent(abi::GuestEventKind::kEvict, pager.number, first * kPageSize, count);
  }
}

// A copy has a say about those pages of its backing that it shows.
void PagedContent::SetHint(PageIndex first, PageIndex count, PageHint hint) {
  if (source_) {
    for (PageTree::Entry entry = tree_.FindNextPage(first); entry.index - first < count;
         entry = tree_.FindNextPage(entry.index + 1)) {
      reclaim::SetHint(*entry.page, hint);
    }
  } else if (backing_) {
    const PageIndex end = Min(TreeIndex(first) + count, backing_end_);
    for (PageIndex at = tree_.FindAbsent(TreeIndex(first)); at < end;) {
      const PageIndex shown_end = Min(tree_.FindNextNonAbsent(at).index, end);
      backing_->SetHint(at, shown_end - at, hint);
      at = shown_end < end ? tree_.FindAbsent(shown_end) : end;
    }
  }
}

}  // namespace gk
