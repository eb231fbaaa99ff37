// Content with a source: what is dirty, how it became that, and writeback.
#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

// --- becoming dirty ---

Result<> PagedContent::CheckPresent(PageIndex first, PageIndex end) const {
  return tree_.FindAbsent(first) < Min(end, source_end_) ? Error(ZX_ERR_NOT_FOUND) : Result<>();
}

Result<> PagedContent::MakeDirty(PageIndex first, PageIndex end) {
  PAGODA_TRY(CheckPresent(first, end));
  for (PageIndex index = first; index < end; ++index) {
    const PageTree::Slot slot = tree_.Find(index);
    if (slot.page != nullptr) {
      slot.page->dirty_state = DirtyState::kDirty;
      continue;
    }
    const PageLookup made = MakeZeroPage(index, DirtyState::kDirty);
    if (made.kind() == PageLookup::Kind::kFailed) {
      return Error(made.status());
    }
  }
  return {};
}

// Whatever is in [first, end) gives way. Mappings are the caller's business: those that show zeroes may go on.
Result<> PagedContent::MakeDirtyZeroes(PageIndex first, PageIndex end) {
  PAGODA_TRY(dirty_zeroes_.Prepare());
  PAGODA_TRY(tree_.PrepareClear(first, end, PageTree::Content::kZero));
  tree_.Clear(first, end, PageTree::Content::kZero);
  dirty_zeroes_.Add(first, end);
  return {};
}

// What reads as zero stays as it is, clean or dirty. What is missing will not be missed any more. Beyond the source's
// end zeroes are nobody's business.
Result<> PagedContent::ZeroTracked(PageIndex first, PageIndex end) {
  while ((first = FindNonZero(first)) < end) {
    PAGODA_TRY(source_->PrepareResolve());
    const PageIndex run_end = EndOfNonZero(first, end);
    const PageIndex dirty_end = Min(run_end, Max(first, source_end_));
    UnmapEverywhere(first, run_end - first);
    if (first < dirty_end) {
      PAGODA_TRY(MakeDirtyZeroes(first, dirty_end));
    }
    if (dirty_end < run_end) {
      PAGODA_TRY(DropPages(dirty_end, run_end));
    }
    OnModified();
    source_->Resolve(SourceRequestKind::kRead, first, run_end, Status(ZX_OK));
    first = run_end;
  }
  return {};
}

// The first index at or above `from` that does not read as zero without further ado.
PageIndex PagedContent::FindNonZero(PageIndex from) const {
  const PageIndex absent = tree_.FindAbsent(from);
  return Min(tree_.FindNextPage(from).index, absent < source_end_ ? absent : kNoPage);
}

// The end of the run of those that begins at `from`, at most `limit`.
PageIndex PagedContent::EndOfNonZero(PageIndex from, PageIndex limit) const {
  PageIndex end = from;
  while (end < limit) {
    const PageTree::Slot slot = tree_.Find(end);
    if (slot.page != nullptr) {
      ++end;
    } else if (const PageIndex missing = CountWanted(end, limit - end); missing != 0) {
      end += missing;
    } else {
      break;
    }
  }
  return end;
}

Result<> PagedContent::Extend(PageIndex end) {
  if (!source_) {
    return {};
  }
  Result<> extended;
  for (PageIndex at = source_end_; extended.ok() && at < end;) {
    const PageIndex page = tree_.FindNextPage(at).index;
    if (at < page) {
      extended = MakeDirtyZeroes(at, Min(page, end));
    }
    at = page != kNoPage ? page + 1 : end;
  }
  if (!extended.ok()) {
    dirty_zeroes_.Remove(source_end_, kNoPage);
    return extended;
  }
  source_end_ = Max(source_end_, end);
  return {};
}

Result<> PagedContent::MoveSourceEnd(PageIndex end) {
  const PageIndex kept = Min(source_end_, end);
  if (HasPins(kept, kNoPage - kept)) {
    return Error(ZX_ERR_BAD_STATE);
  }
  const PageIndex old_end = source_end_;
  PAGODA_TRY(DropPages(kept, kNoPage));
  ForgetBeyond(kept);
  if (kept < end) {
    if (const Result<> made = MakeDirtyZeroes(kept, end); !made.ok()) {
      source_end_ = old_end;
      return made;
    }
  }
  source_end_ = end;
  return {};
}

bool PagedContent::TakeModified(bool reset) {
  const bool modified = modified_;
  modified_ = modified_ && !reset;
  return modified;
}

// --- being written back ---

DirtyRun PagedContent::FindDirty(PageIndex from, PageIndex end) const {
  const DirtyZeroes::Range* zeroes = dirty_zeroes_.FindBeyond(from);
  const PageIndex zeroes_first = zeroes != nullptr ? Max(zeroes->first, from) : kNoPage;
  const PageIndex limit = Min(end, zeroes_first);
  PageTree::Entry entry = tree_.FindNextPage(from);
  while (entry.index < limit && entry.page->dirty_state == DirtyState::kClean) {
    entry = tree_.FindNextPage(entry.index + 1);
  }
  if (entry.index < limit) {
    DirtyRun run{.first = entry.index, .end = entry.index, .zero = false};
    while (entry.index == run.end && entry.index < limit && entry.page->dirty_state != DirtyState::kClean) {
      entry = tree_.FindNextPage(++run.end);
    }
    return run;
  }
  return zeroes_first < end ? DirtyRun{.first = zeroes_first, .end = Min(zeroes->end, end), .zero = true} : DirtyRun();
}

void PagedContent::BeginWriteback(PageIndex first, PageIndex end, WritebackScope scope) {
  dirty_zeroes_.BeginWriteback(first, end);
  if (scope == WritebackScope::kZeroes) {
    return;
  }
  bool begun = false;
  for (PageTree::Entry entry = tree_.FindNextPage(first); entry.index < end;
       entry = tree_.FindNextPage(entry.index + 1)) {
    if (entry.page->dirty_state == DirtyState::kDirty && entry.page->write_pin_count == 0) {
      entry.page->dirty_state = DirtyState::kAwaitingClean;
      begun = true;
    }
  }
  if (begun) {
    WriteProtectInAll(first, end - first);
  }
}

Result<> PagedContent::EndWriteback(PageIndex first, PageIndex end) {
  for (PageTree::Entry entry = tree_.FindNextPage(first); entry.index < end;
       entry = tree_.FindNextPage(entry.index + 1)) {
    if (entry.page->dirty_state == DirtyState::kAwaitingClean) {
      entry.page->dirty_state = DirtyState::kClean;
      reclaim::Offer(*entry.page);
    }
  }
  for (DirtyZeroes::Part part = dirty_zeroes_.FindCleaned(first, end); part.first != part.end;
       part = dirty_zeroes_.FindCleaned(part.end, end)) {
    PAGODA_TRY(tree_.PrepareClear(part.first, part.end, PageTree::Content::kAbsent));
    tree_.Clear(part.first, part.end, PageTree::Content::kAbsent);
    dirty_zeroes_.Remove(part.first, part.end);
    stale_first_ = Min(stale_first_, part.first);
    stale_end_ = Max(stale_end_, part.end);
  }
  return {};
}

Result<Page*> PagedContent::LendPage(PageIndex index) {
  const PageTree::Slot slot = tree_.Find(index);
  if (slot.page == nullptr) {
    Page* zero = slot.content == PageTree::Content::kZero || index >= source_end_ ? SharedZeroPage() : nullptr;
    return zero != nullptr ? Result<Page*>(zero) : Error(ZX_ERR_NOT_FOUND);
  }
  if (slot.page->pin_count == 0) {
    ++slot.page->object.share_count;
    WriteProtectInAll(index, 1);
    return slot.page;
  }
  // A device may write to it, and it must stay the content's own.
  Page* copy = AllocateObjectPage(index);
  if (copy == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  memcpy(copy->data(), slot.page->data(), kPageSize);
  copy->object.share_count = 1;
  return copy;
}

void PagedContent::ReturnPage(Page* page) {
  if (page->state != PageState::kObject) {
    return;  // the page of zeroes
  }
  if (--page->object.share_count == 0) {
    FreePage(page);
  } else {
    OnUsed(*page);
  }
}

}  // namespace gk
