#include "guest/kernel/vm/paged_content.h"

#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk {

RefPtr<PagedContent> PagedContent::Create(RefPtr<PageSource> source, PageIndex source_pages) {
  return MakeRefCounted<PagedContent>(std::move(source), source_pages);
}

PagedContent::PagedContent(RefPtr<PageSource> source, PageIndex source_pages)
    : source_(std::move(source)), source_end_(source_ ? source_pages : 0) {
  if (source_) {
    source_->SetOwner(*this);
  }
}

PagedContent::~PagedContent() {
  if (source_) {
    source_->OnOwnerDestroyed();
  }
  GK_ASSERT(pins_ == 0);
  delete discardable_;
}

PageLookup PagedContent::RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  if (discardable_ != nullptr) {
    if (discardable_->discarded()) {
      return PageLookup::Failed(Status(ZX_ERR_NOT_FOUND));
    }
    discardable_->OnUsed();
  }
  if (const Page* page = pages_.Find(index).page; page != nullptr) {
    return PageLookup::Ready(*page, true);
  }
  if (index < source_end_) {
    const Result<> required = source_->Require(index, count, request);
    return required.ok() ? PageLookup::NeedsPage(request) : PageLookup::Failed(required.error());
  }
  if (intent == PageIntent::kWrite) {
    return CommitZeroPage(index);
  }
  const Page* zero = SharedZeroPage();
  return zero != nullptr ? PageLookup::Ready(*zero, false) : PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
}

PageLookup PagedContent::CommitZeroPage(PageIndex index) {
  Page* page = AllocateZeroedPage();
  if (page == nullptr) {
    return PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
  }
  SetPageState(*page, PageState::kObject);
  page->object = {.index = index, .share_count = 0};
  if (const Result<> inserted = pages_.Insert(index, page); !inserted.ok()) {
    FreePage(page);
    return PageLookup::Failed(inserted.error());
  }
  // Mappings that were only read so far show the shared zero page.
  UnmapFromAll(index, 1);
  return PageLookup::Ready(*page, true);
}

PresentPage PagedContent::PeekPage(PageIndex index) const {
  const Page* page = pages_.Find(index).page;
  return page != nullptr ? PresentPage{page->physical_address(), true} : PresentPage();
}

PageIndex PagedContent::FindPresent(PageIndex from) const { return pages_.FindNextPage(from).index; }

bool PagedContent::WantsPage(PageIndex index) const {
  return index < source_end_ && pages_.Find(index).page == nullptr;
}

Result<> PagedContent::OnPageArrived(PageIndex index, Page* page) {
  if (!WantsPage(index)) {  // the object shrank while the page was on its way
    FreePage(page);
    return {};
  }
  if (const Result<> inserted = pages_.Insert(index, page); !inserted.ok()) {
    FreePage(page);
    return Error(inserted.error());
  }
  return {};
}

Result<> PagedContent::Decommit(PageIndex first, PageIndex count) {
  if (source_ || kind_ != ContentKind::kOnDemand) {
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
  source_end_ = Min(source_end_, end);
  return {};
}

// Nothing changed on failure.
Result<> PagedContent::DropPages(PageIndex first, PageIndex end) {
  PAGODA_TRY(pages_.PrepareClear(first, end, PageTree::Content::kAbsent));
  UnmapFromAll(first, end - first);
  pages_.Clear(first, end, PageTree::Content::kAbsent);
  return {};
}

}  // namespace gk
