#include "guest/kernel/vm/vmo_paged.h"

#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"
#include "shared/base/range.h"

namespace gk {

Result<RefPtr<VmoPaged>> VmoPaged::Create(uint64_t size, Resizability resizability) {
  return CreateWithSource(nullptr, size, resizability);
}

Result<RefPtr<VmoPaged>> VmoPaged::CreateWithSource(RefPtr<PageSource> source, uint64_t size,
                                                    Resizability resizability) {
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  RefPtr<VmoPaged> vmo = MakeRefCounted<VmoPaged>(std::move(source), size, resizability);
  if (!vmo) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return vmo;
}

VmoPaged::VmoPaged(RefPtr<PageSource> source, uint64_t size, Resizability resizability)
    : Vmo(size, resizability), source_(std::move(source)), source_end_(source_ ? page_end() : 0) {
  if (source_) {
    source_->SetOwner(*this);
  }
}

VmoPaged::~VmoPaged() {
  if (source_) {
    source_->OnOwnerDestroyed();
  }
  DropPages(0, UINT64_MAX);
}

PageLookup VmoPaged::RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  if (index >= page_end()) {
    return PageLookup::Failed(Status(ZX_ERR_OUT_OF_RANGE));
  }
  if (Page* page = pages_.Find(index); page != nullptr) {
    return PageLookup::Ready(page, true);
  }
  if (index < source_end_) {
    const Result<> required = source_->Require(index, count, request);
    return required.ok() ? PageLookup::NeedsPage(request) : PageLookup::Failed(required.error());
  }
  if (intent == PageIntent::kWrite) {
    return CommitZeroPage(index);
  }
  Page* zero = SharedZeroPage();
  return zero != nullptr ? PageLookup::Ready(zero, false) : PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
}

PageLookup VmoPaged::CommitZeroPage(PageIndex index) {
  Page* page = AllocateZeroedPage();
  if (page == nullptr) {
    return PageLookup::Failed(Status(ZX_ERR_NO_MEMORY));
  }
  SetPageState(*page, PageState::kObject);
  page->object = {.owner = this, .index = index};
  if (const Result<> inserted = pages_.Insert(index, page); !inserted.ok()) {
    FreePage(page);
    return PageLookup::Failed(inserted.error());
  }
  // Mappings that were only read so far show the shared zero page.
  UnmapFromAll(index, 1);
  return PageLookup::Ready(page, true);
}

Page* VmoPaged::PeekPage(PageIndex index, bool* writable) const {
  *writable = true;
  return index < page_end() ? pages_.Find(index) : nullptr;
}

PageIndex VmoPaged::FindPresent(PageIndex from) const {
  const PageList::Entry entry = pages_.FindNext(from);
  return entry.page != nullptr ? entry.index : kNoPage;
}

bool VmoPaged::WantsPage(PageIndex index) const { return index < source_end_ && pages_.Find(index) == nullptr; }

Result<> VmoPaged::OnPageArrived(PageIndex index, Page* page) {
  if (!WantsPage(index)) {  // the object shrank while the page was on its way
    FreePage(page);
    return {};
  }
  page->object.owner = this;
  if (const Result<> inserted = pages_.Insert(index, page); !inserted.ok()) {
    FreePage(page);
    return Error(inserted.error());
  }
  return {};
}

Result<> VmoPaged::Decommit(uint64_t offset, uint64_t length) {
  if (source_) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (!base::RangeFits(offset, length, size_)) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (!base::IsPageAligned(offset) || !base::IsPageAligned(length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const PageIndex first = offset / kPageSize;
  UnmapFromAll(first, length / kPageSize);
  DropPages(first, first + length / kPageSize);
  return {};
}

Result<> VmoPaged::Resize(uint64_t size) {
  if (!resizable()) {
    return Error(ZX_ERR_UNAVAILABLE);
  }
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const PageIndex old_end = page_end();
  size_ = base::AlignUp(size, kPageSize);
  content_size_ = size;
  if (page_end() < old_end) {
    UnmapFromAll(page_end(), old_end - page_end());
    DropPages(page_end(), old_end);
    source_end_ = Min(source_end_, page_end());
  }
  return {};
}

// Precondition: no page table shows any of them.
void VmoPaged::DropPages(PageIndex first, PageIndex end) {
  for (PageList::Entry entry = pages_.FindNext(first); entry.page != nullptr && entry.index < end;
       entry = pages_.FindNext(entry.index)) {
    FreePage(pages_.Remove(entry.index));
  }
}

}  // namespace gk
