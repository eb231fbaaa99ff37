#include "guest/kernel/vm/paged_content.h"

#include <utility>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/pmm.h"

namespace gk {

RefPtr<PagedContent> PagedContent::Create() {
  return MakeRefCounted<PagedContent>(nullptr, PageIndex{0}, DirtyPolicy::kTrack);
}

RefPtr<PagedContent> PagedContent::CreateWithSource(RefPtr<PageSource> source, PageIndex source_pages,
                                                    DirtyPolicy policy) {
  return MakeRefCounted<PagedContent>(std::move(source), source_pages, policy);
}

PagedContent::PagedContent(RefPtr<PageSource> source, PageIndex source_pages, DirtyPolicy policy)
    : source_(std::move(source)), dirty_policy_(policy), source_end_(source_pages) {
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

// Gives `page` its place, where none is. ZX_ERR_NO_MEMORY: the caller keeps it.
Result<> PagedContent::Enter(PageIndex index, Page* page, DirtyState state) {
  PAGODA_TRY(tree_.Insert(TreeIndex(index), page));
  MakePart(*page, state);
  return {};
}

// The tree has it now.
void PagedContent::MakePart(Page& page, DirtyState state) {
  page.dirty_state = state;
  page.object.owner = source_ ? this : nullptr;
  OnUsed(page);
}

PageLookup PagedContent::RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  if (discardable_ != nullptr) {
    if (discardable_->discarded()) {
      return PageLookup::Failed(Status(ZX_ERR_NOT_FOUND));
    }
    discardable_->OnUsed();
  }
  if (source_) {
    return RequireTracked(index, intent, count, request);
  }
  const PageTree::Slot slot = tree_.Find(TreeIndex(index));
  if (slot.page != nullptr) {
    const bool copy = intent != PageIntent::kRead && !slot.exclusive;
    return copy ? MakeOwnCopy(index, slot.page->physical_address(), DirtyState::kUntracked, true)
                : PageLookup::Ready(*slot.page, slot.exclusive);
  }
  if (slot.content == PageTree::Content::kAbsent && IsBacked(index)) {
    return LookThrough(index, intent, count, request);
  }
  if (intent == PageIntent::kRead) {
    return ReadyZero();
  }
  const Page* made = count >= base::kPagesPerLargePage ? TryCommitLargeRun(index) : nullptr;
  return made != nullptr ? PageLookup::Ready(*made, true) : MakeZeroPage(index, DirtyState::kUntracked);
}

PageLookup PagedContent::ReadyZero() {
  const Page* zero = SharedZeroPage();
  return zero != nullptr ? PageLookup::Ready(*zero, false) : PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
}

PageLookup PagedContent::MakeZeroPage(PageIndex index, DirtyState state) {
  Page* page = AllocateObjectPage(TreeIndex(index));
  if (page == nullptr) {
    return PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
  }
  ZeroPage(*page);
  Result<> entered = dirty_zeroes_.Contains(index) ? dirty_zeroes_.Prepare() : Result<>();
  if (entered.ok()) {
    entered = Enter(index, page, state);
  }
  if (!entered.ok()) {
    FreePage(page);
    return PageLookup::Failed(entered.error());
  }
  dirty_zeroes_.Remove(index, index + 1);
  // Mappings that were only read so far show the shared zero page.
  UnmapEverywhere(index, 1);
  return PageLookup::Ready(*page, page->may_be_written());
}

// The page of the backing, or a copy of it. What the tree has hides what the backing would ask its source for.
PageLookup PagedContent::LookThrough(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  const PageIndex tree_index = TreeIndex(index);
  const PageIndex seen = Min(tree_.FindNextNonAbsent(tree_index).index, backing_end_) - tree_index;
  const PageLookup found = backing_->RequirePage(tree_index, PageIntent::kRead, Min(seen, PageIndex{count}), request);
  if (found.kind() != PageLookup::Kind::kReady) {
    return found;
  }
  return intent == PageIntent::kRead ? PageLookup::Ready(found.address(), false)
                                     : MakeOwnCopy(index, found.address(), DirtyState::kUntracked, false);
}

// `replaces`: the original is in the tree, and others have it, too.
PageLookup PagedContent::MakeOwnCopy(PageIndex index, PhysicalAddress original, DirtyState state, bool replaces) {
  Page* page = AllocateObjectPage(TreeIndex(index));
  if (page == nullptr) {
    return PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
  }
  memcpy(page->data(), arch::PhysicalToVirtual(original), kPageSize);
  const Result<> entered = replaces ? tree_.Replace(TreeIndex(index), page) : tree_.Insert(TreeIndex(index), page);
  if (!entered.ok()) {
    FreePage(page);
    return PageLookup::Failed(entered.error());
  }
  MakePart(*page, state);
  UnmapEverywhere(index, 1);
  return PageLookup::Ready(*page, page->may_be_written());
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

}  // namespace gk
