#include "guest/kernel/vm/paged_content.h"

#include <utility>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/lib/memory.h"
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
  if (backing_) {
    static_cast<base::ListNode<BackedContentTag>&>(*this).Unlink();
  }
  GK_ASSERT(pins_ == 0 && backed_.empty());
  delete discardable_;
}

// Null when there is no memory.
Page* PagedContent::NewPage(PageIndex tree_index) {
  Page* page = AllocatePage();
  if (page != nullptr) {
    SetPageState(*page, PageState::kObject);
    page->object = {.index = tree_index, .share_count = 0};
  }
  return page;
}

PageLookup PagedContent::RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  if (discardable_ != nullptr) {
    if (discardable_->discarded()) {
      return PageLookup::Failed(Status(ZX_ERR_NOT_FOUND));
    }
    discardable_->OnUsed();
  }
  const PageTree::Slot slot = tree_.Find(TreeIndex(index));
  if (slot.page != nullptr) {
    const bool copy = intent == PageIntent::kWrite && !slot.exclusive;
    return copy ? MakeOwnCopy(index, slot.page->physical_address(), true)
                : PageLookup::Ready(*slot.page, slot.exclusive);
  }
  const bool absent = slot.content == PageTree::Content::kAbsent;
  if (absent && index < source_end_) {
    const Result<> required = source_->Require(index, count, request);
    return required.ok() ? PageLookup::NeedsPage(request) : PageLookup::Failed(required.error());
  }
  if (absent && IsBacked(index)) {
    return LookThrough(index, intent, count, request);
  }
  if (intent == PageIntent::kWrite) {
    const Page* made = count >= base::kPagesPerLargePage ? TryCommitLargeRun(index) : nullptr;
    return made != nullptr ? PageLookup::Ready(*made, true) : CommitZeroPage(index);
  }
  const Page* zero = SharedZeroPage();
  return zero != nullptr ? PageLookup::Ready(*zero, false) : PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
}

PageLookup PagedContent::CommitZeroPage(PageIndex index) {
  Page* page = NewPage(TreeIndex(index));
  if (page == nullptr) {
    return PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
  }
  ZeroPage(*page);
  if (const Result<> inserted = tree_.Insert(TreeIndex(index), page); !inserted.ok()) {
    FreePage(page);
    return PageLookup::Failed(inserted.error());
  }
  // Mappings that were only read so far show the shared zero page.
  UnmapEverywhere(index, 1);
  return PageLookup::Ready(*page, true);
}

// The page of the backing, or a copy of it to write to.
PageLookup PagedContent::LookThrough(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  const PageLookup found = backing_->RequirePage(TreeIndex(index), PageIntent::kRead, count, request);
  if (found.kind() != PageLookup::Kind::kReady) {
    return found;
  }
  return intent == PageIntent::kWrite ? MakeOwnCopy(index, found.address(), false)
                                      : PageLookup::Ready(found.address(), false);
}

// `replaces`: the original is in the tree, shared with others.
PageLookup PagedContent::MakeOwnCopy(PageIndex index, PhysicalAddress original, bool replaces) {
  Page* page = NewPage(TreeIndex(index));
  if (page == nullptr) {
    return PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
  }
  memcpy(page->data(), arch::PhysicalToVirtual(original), kPageSize);
  const Result<> entered = replaces ? tree_.Replace(TreeIndex(index), page) : tree_.Insert(TreeIndex(index), page);
  if (!entered.ok()) {
    FreePage(page);
    return PageLookup::Failed(entered.error());
  }
  UnmapEverywhere(index, 1);
  return PageLookup::Ready(*page, true);
}

void PagedContent::PeekPages(PageIndex first, std::span<PresentPage> out) const {
  tree_.Peek(TreeIndex(first), out);
  for (size_t i = 0; i < out.size() && IsBacked(first + i); ++i) {
    if (!out[i] && tree_.Find(TreeIndex(first + i)).content == PageTree::Content::kAbsent) {
      backing_->PeekPages(TreeIndex(first + i), out.subspan(i, 1));
      out[i].writable = false;
    }
  }
}

// With a backing: the next page of the tree, or a page of the backing before it that the tree does not hide.
PageIndex PagedContent::FindPresent(PageIndex from) const {
  PageIndex index = TreeIndex(from);
  const PageIndex own = tree_.FindNextPage(index).index;
  PageIndex found = own;
  while (backing_) {
    const PageIndex candidate = backing_->FindPresent(index);
    if (candidate >= Min(own, backing_end_)) {
      break;
    }
    index = tree_.FindAbsent(candidate);
    if (index == candidate) {
      found = candidate;
      break;
    }
  }
  return found != kNoPage ? found - bias_ : kNoPage;
}

bool PagedContent::IsKnownZero(PageIndex index) const {
  const PageTree::Content content = tree_.Find(TreeIndex(index)).content;
  if (content == PageTree::Content::kAbsent && IsBacked(index)) {
    return backing_->IsKnownZero(TreeIndex(index));
  }
  return content == PageTree::Content::kZero || (content == PageTree::Content::kAbsent && index >= source_end_);
}

// Content with a bias that is no multiple of a large page never shows one: its pages are where the original had them.
const Page* PagedContent::FindLargeRun(PageIndex first) const {
  const PageIndex index = TreeIndex(first);
  return base::IsAligned(index, base::kPagesPerLargePage) ? tree_.FindLargeRun(index) : nullptr;
}

bool PagedContent::WantsPage(PageIndex index) const {
  return index < source_end_ && tree_.Find(index).content == PageTree::Content::kAbsent;
}

Result<> PagedContent::OnPageArrived(PageIndex index, Page* page) {
  if (!WantsPage(index)) {  // the object shrank while the page was on its way, or was zeroed there
    FreePage(page);
    return {};
  }
  if (const Result<> inserted = tree_.Insert(index, page); !inserted.ok()) {
    FreePage(page);
    return Error(inserted.error());
  }
  return {};
}

}  // namespace gk
