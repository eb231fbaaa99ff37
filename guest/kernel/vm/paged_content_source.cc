// Content with a source: looking pages up, and how they arrive and go.
#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {
namespace {

// How many pages a pager is asked at once to have dirtied. Finding out takes a step for each, and programs choose how
// many they write to or commit.
constexpr PageIndex kLongestDirtyRequest = PageIndex{1} << 16;

}  // namespace

// --- looking up ---

PageLookup PagedContent::RequireTracked(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  const PageTree::Slot slot = tree_.Find(index);
  if (slot.content == PageTree::Content::kAbsent && index < source_end_) {
    return Ask(SourceRequestKind::kRead, index, CountWanted(index, count), request);
  }
  const bool dirties = Dirties(index, slot, intent);
  if (dirties && traps_dirty()) {
    return Ask(SourceRequestKind::kDirty, index, CountDirtied(index, count, intent), request);
  }
  if (slot.page != nullptr) {
    return UsePage(index, slot, intent, count);
  }
  return intent == PageIntent::kRead ? ReadyZero()
                                     : MakeZeroPage(index, dirties ? DirtyState::kDirty : DirtyState::kClean);
}

PageLookup PagedContent::Ask(SourceRequestKind kind, PageIndex index, PageIndex count, PageRequest& request) {
  const Result<> required = source_->Require(kind, index, count, request);
  return required.ok() ? PageLookup::NeedsPage(request) : PageLookup::Failed(required.error());
}

// Whether `intent` makes the index dirty, or anew where it was so: the last column of the table in the header. To have
// a page of its own changes a dirty zero, too, which its pager may have to make room for.
bool PagedContent::Dirties(PageIndex index, const PageTree::Slot& slot, PageIntent intent) const {
  if (slot.page != nullptr) {
    return Changes(intent) && slot.page->dirty_state != DirtyState::kDirty;
  }
  const bool marker = slot.content == PageTree::Content::kZero && !dirty_zeroes_.Contains(index);
  return marker ? Changes(intent) : intent != PageIntent::kRead;
}

PageIndex PagedContent::CountDirtied(PageIndex first, PageIndex most, PageIntent intent) const {
  const PageIndex limit = Min(most, kLongestDirtyRequest);
  PageIndex count = 1;
  for (; count < limit; ++count) {
    const PageIndex index = first + count;
    const PageTree::Slot slot = tree_.Find(index);
    const bool missing = slot.content == PageTree::Content::kAbsent && index < source_end_;
    if (missing || !Dirties(index, slot, intent)) {
      break;
    }
  }
  return count;
}

// A write makes the run of pages that it is going to cover dirty as a whole, before anything is copied.
PageLookup PagedContent::UsePage(PageIndex index, const PageTree::Slot& slot, PageIntent intent, size_t count) {
  Page& page = *slot.page;
  OnUsed(page);
  source_->OnUsed(index);
  if (intent == PageIntent::kRead) {
    return PageLookup::Ready(page, slot.exclusive && page.may_be_written());
  }
  const DirtyState state = Changes(intent) ? DirtyState::kDirty : page.dirty_state;
  if (!slot.exclusive) {  // lent
    return MakeOwnCopy(index, page.physical_address(), state, true);
  }
  page.dirty_state = state;
  for (PageIndex next = index + 1; intent == PageIntent::kWrite && !traps_dirty() && next < index + count; ++next) {
    const PageTree::Slot further = tree_.Find(next);
    if (further.page == nullptr || !further.exclusive) {
      break;
    }
    further.page->dirty_state = DirtyState::kDirty;
  }
  return PageLookup::Ready(page, page.may_be_written());
}

// --- arriving ---

PageIndex PagedContent::CountWanted(PageIndex first, PageIndex most) const {
  if (first >= source_end_) {
    return 0;
  }
  return Min(Min(most, source_end_ - first), tree_.FindNextNonAbsent(first).index - first);
}

// What belongs together comes together: one way through the tree for each 64 pages, where one for each page would take
// a fifth as long as the host needs to bring 2 MiB.
Result<> PagedContent::OnPagesArrived(PageIndex first, std::span<Page* const> pages) {
  size_t done = 0;
  if (CountWanted(first, pages.size()) == pages.size()) {
    done = tree_.InsertPages(first, pages);
    for (Page* page : pages.first(done)) {
      MakePart(*page, DirtyState::kClean);
    }
    DropStaleZeroes(first, first + done);
  }
  Result<> taken;
  for (; done < pages.size(); ++done) {
    const Result<> one = OnPageArrived(first + done, pages[done]);
    taken = one.ok() ? taken : Error(one.error());
  }
  return taken;
}

Result<> PagedContent::OnPageArrived(PageIndex index, Page* page) {
  const bool wanted = CountWanted(index, 1) != 0;
  const Result<> entered = wanted ? Enter(index, page, DirtyState::kClean) : Result<>();
  if (!wanted || !entered.ok()) {
    FreePage(page);
    return entered.ok() ? Result<>() : Error(entered.error());
  }
  DropStaleZeroes(index, index + 1);
  return {};
}

Result<> PagedContent::Supply(PageIndex first, PageIndex count, PagedContent& aux, PageIndex aux_first) {
  if (!source_->attached()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY(source_->PrepareResolve());
  aux.UnmapFromAll(aux_first, count);
  Result<> supplied;
  PageIndex done = 0;
  while (supplied.ok() && done < count) {
    const Result<PageIndex> step = SupplySome(first + done, count - done, aux, aux_first + done);
    done += step.ok() ? *step : 0;
    if (!step.ok()) {
      supplied = Error(step.error());
    }
  }
  const Result<> emptied = aux.DropPages(aux_first, aux_first + count);
  GK_ASSERT(emptied.ok());  // nothing is shared, so nothing has to be copied
  DropStaleZeroes(first, first + done);
  source_->Resolve(SourceRequestKind::kRead, first, first + done, Status(ZX_OK));
  return supplied;
}

// One page, or the zeroes up to the next one. Returns how many places have been dealt with.
Result<PageIndex> PagedContent::SupplySome(PageIndex first, PageIndex count, PagedContent& aux, PageIndex aux_first) {
  const PageIndex aux_index = aux.TreeIndex(aux_first);
  const PageIndex next = aux.tree_.FindNextPage(aux_index).index;
  if (next != aux_index) {
    const PageIndex zeroes = Min(count, next - aux_index);
    PAGODA_TRY(SupplyZeroes(first, first + zeroes));
    return zeroes;
  }
  Page* page = aux.tree_.Take(aux_index);
  ResetObjectPage(*page, first);
  PAGODA_TRY(OnPageArrived(first, page));
  return PageIndex{1};
}

Result<> PagedContent::SupplyZeroes(PageIndex first, PageIndex end) {
  end = Min(end, source_end_);
  for (PageIndex at = tree_.FindAbsent(first); at < end; at = tree_.FindAbsent(at)) {
    const PageIndex run_end = at + CountWanted(at, end - at);
    PAGODA_TRY(tree_.PrepareClear(at, run_end, PageTree::Content::kZero));
    tree_.Clear(at, run_end, PageTree::Content::kZero);
    at = run_end;
  }
  return {};
}

// Mappings that still show zeroes there are to look again.
void PagedContent::DropStaleZeroes(PageIndex first, PageIndex end) {
  const PageIndex from = Max(first, stale_first_);
  const PageIndex to = Min(end, stale_end_);
  if (from < to) {
    UnmapEverywhere(from, to - from);
  }
}

// --- going ---

// Beyond the source's end nobody has what a page says, even when it was written back.
bool PagedContent::CanBeHadAgain(const Page& page) const {
  return page.dirty_state == DirtyState::kClean && page.pin_count == 0 && page.object.share_count == 1 &&
         page.object.index < source_end_;
}

void PagedContent::OnDetached() {
  UnmapEverywhere(0, kNoPage);
  for (PageTree::Entry entry = tree_.FindNextPage(0); entry.page != nullptr;
       entry = tree_.FindNextPage(entry.index + 1)) {
    if (CanBeHadAgain(*entry.page)) {
      FreePage(tree_.Take(entry.index));
    }
  }
}

// What there was beyond `end` has gone, so nobody waits for it either.
void PagedContent::ForgetBeyond(PageIndex end) {
  if (!source_) {
    return;
  }
  dirty_zeroes_.Remove(end, kNoPage);
  source_end_ = Min(source_end_, end);
  source_->Resolve(SourceRequestKind::kRead, end, kNoPage, Status(ZX_OK));
  source_->Resolve(SourceRequestKind::kDirty, end, kNoPage, Status(ZX_OK));
}

}  // namespace gk
