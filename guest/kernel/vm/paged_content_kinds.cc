// The kinds of paged content that are more than zeroes on demand: discardable and contiguous; and pinning.
#include <new>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

RefPtr<PagedContent> PagedContent::CreateDiscardable() {
  RefPtr<PagedContent> content = Create();
  if (content) {
    content->discardable_ = new (std::nothrow) Discardable(*content);
  }
  return content && content->discardable_ != nullptr ? content : nullptr;
}

Result<RefPtr<PagedContent>> PagedContent::CreateContiguous(PageIndex pages, uint64_t alignment) {
  RefPtr<PagedContent> content = Create();
  Page* first = content ? AllocateContiguousReclaiming(pages, alignment) : nullptr;
  if (first == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  content->kind_ = ContentKind::kContiguous;
  PAGODA_TRY(content->InsertRun(0, first, pages));
  return content;
}

// Takes over all pages of the run, whether it succeeds or not.
Result<> PagedContent::InsertRun(PageIndex tree_index, Page* first, PageIndex count) {
  for (PageIndex i = 0; i < count; ++i) {
    ZeroPage(first[i]);
    MakeObjectPage(first[i], tree_index + i);
  }
  const PageIndex inserted = tree_.InsertRun(tree_index, first, count);
  if (inserted != count) {
    FreeContiguous(first + inserted, count - inserted);
    return Error(ZX_ERR_NO_MEMORY);
  }
  return {};
}

// Makes the 512 pages from `index` on, which somebody is about to want, in one block of RAM, so that a large page-table
// entry can show them. Only where all are absent and read as zero, and plenty of memory is left: what follows would
// make them one by one, with a chance to reclaim in between. Returns the page at `index`, null if it was not made.
const Page* PagedContent::TryCommitLargeRun(PageIndex index) {
  constexpr PageIndex kCount = base::kPagesPerLargePage;
  const PageIndex tree_index = TreeIndex(index);
  if (!base::IsAligned(tree_index, kCount) || tree_index < backing_end_ ||
      tree_.FindNextNonAbsent(tree_index).index - tree_index < kCount ||
      FreePageCount() < reclaim::HighWatermark() + kCount) {
    return nullptr;
  }
  Page* first = AllocateContiguous(kCount, base::kLargePageSize);
  if (first == nullptr) {
    return nullptr;
  }
  (void)StatusOf(InsertRun(tree_index, first, kCount));  // in part is fine, too
  UnmapEverywhere(index, kCount);
  return tree_.Find(tree_index).page;
}

uint64_t PagedContent::DiscardPages() {
  const uint64_t count = tree_.page_count();
  OnReclaimed(count);
  const Result<> dropped = DropPages(0, kNoPage);
  GK_ASSERT(dropped.ok());  // nothing is shared, so nothing has to be copied
  return count;
}

Result<> PagedContent::Pin(PageIndex index, PinAccess access) {
  Page* page = tree_.Find(TreeIndex(index)).page;
  GK_ASSERT(page != nullptr);
  if (page->pin_count == UINT16_MAX) {
    return Error(ZX_ERR_UNAVAILABLE);
  }
  ++page->pin_count;
  page->write_pin_count = static_cast<uint16_t>(page->write_pin_count + (access == PinAccess::kWrite ? 1 : 0));
  ++pins_;
  if (discardable_ != nullptr) {
    discardable_->OnPinned();
  }
  return {};
}

void PagedContent::Unpin(PageIndex index, PinAccess access) {
  Page* page = tree_.Find(TreeIndex(index)).page;
  GK_ASSERT(page != nullptr && page->pin_count != 0 && pins_ != 0);
  --page->pin_count;
  page->write_pin_count = static_cast<uint16_t>(page->write_pin_count - (access == PinAccess::kWrite ? 1 : 0));
  --pins_;
  OnUsed(*page);
  if (discardable_ != nullptr) {
    discardable_->OnUnpinned();
  }
}

bool PagedContent::HasPins(PageIndex first, PageIndex count) const {
  if (pins_ == 0) {
    return false;
  }
  PageTree::Entry entry = tree_.FindNextPage(TreeIndex(first));
  while (entry.page != nullptr && entry.page->pin_count == 0 && entry.index - TreeIndex(first) < count) {
    entry = tree_.FindNextPage(entry.index + 1);
  }
  return entry.page != nullptr && entry.index - TreeIndex(first) < count;
}

}  // namespace gk
