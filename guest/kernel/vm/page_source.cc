#include "guest/kernel/vm/page_source.h"

#include <new>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk {

RefPtr<PageSource> PageSource::Create(RefPtr<PageProvider> provider) {
  return MakeRefCounted<PageSource>(std::move(provider));
}

PageSource::PageSource(RefPtr<PageProvider> provider) : provider_(std::move(provider)) {}

// Every read in flight and every waiter holds a reference, so there are none.
PageSource::~PageSource() { GK_ASSERT(owner_ == nullptr && in_flight_.empty() && waiters_.empty()); }

void PageSource::SetOwner(PageSourceOwner& owner) {
  GK_ASSERT(owner_ == nullptr);
  owner_ = &owner;
}

void PageSource::OnOwnerDestroyed() { owner_ = nullptr; }

Result<> PageSource::Require(PageIndex first, size_t count, PageRequest& request) {
  GK_ASSERT(owner_ != nullptr && request.state_ == PageRequest::State::kIdle);
  if (detached_) {
    return Error(ZX_ERR_BAD_STATE);
  }
  ReadRequest* started = nullptr;
  if (FindInFlight(first) == nullptr) {
    PAGODA_TRY_ASSIGN(started, PrepareRead(first, count));
  }
  request.index_ = first;
  request.state_ = PageRequest::State::kWaiting;
  request.source_ = RefPtr<PageSource>(this);
  waiters_.PushBack(request);
  // Only now: the answer may come from within SubmitRead.
  if (started != nullptr) {
    provider_->SubmitRead(*started);
  }
  return {};
}

ReadRequest* PageSource::FindInFlight(PageIndex index) {
  for (ReadRequest& read : in_flight_) {
    if (read.Contains(index)) {
      return &read;
    }
  }
  return nullptr;
}

bool PageSource::ShouldRead(PageIndex index) { return owner_->WantsPage(index) && FindInFlight(index) == nullptr; }

// The pages to read when `first` is missing: `count` from there, or for a single one as many as its stream has earned;
// cut where a page is present, on its way or outside the object, because a read is one contiguous range.
PageSource::PageRange PageSource::ChooseRange(PageIndex first, size_t count) {
  const size_t most = provider_->max_read_ahead_pages();
  GK_ASSERT(most != 0 && most <= ReadRequest::kMaxPages);
  const size_t pages = count == 1 ? read_ahead_.OnMiss(first, most) : Min(count, ReadRequest::kMaxPages);
  PageIndex end = first + 1;
  while (end < first + pages && ShouldRead(end)) {
    ++end;
  }
  return {first, end};
}

Result<ReadRequest*> PageSource::PrepareRead(PageIndex first, size_t count) {
  ReadRequest* read = new (std::nothrow) ReadRequest;
  if (read == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PageRange range = ChooseRange(first, count);
  bool allocated = AllocatePages(*read, range);
  if (!allocated && range.end - range.begin > 1) {
    // Not enough for reading ahead; the page that somebody waits for may still be had.
    range = {first, first + 1};
    allocated = AllocatePages(*read, range);
  }
  if (!allocated) {
    delete read;
    return Error(ZX_ERR_NO_MEMORY);
  }
  read->first_page = range.begin;
  read->source = RefPtr<PageSource>(this);
  in_flight_.PushBack(*read);
  return read;
}

// All or nothing.
bool PageSource::AllocatePages(ReadRequest& read, const PageRange& range) {
  for (PageIndex index = range.begin; index < range.end; ++index) {
    Page* page = AllocatePage();
    if (page == nullptr) {
      FreePages(read);
      return false;
    }
    SetPageState(*page, PageState::kObject);
    page->object = {.index = index, .share_count = 0};
    read.pages[read.page_count++] = page;
  }
  return true;
}

void PageSource::FreePages(ReadRequest& read) {
  while (read.page_count != 0) {
    FreePage(read.pages[--read.page_count]);
  }
}

// Hands all pages to the owner. When the owner has no memory for one, those who wait must hear of it.
Status PageSource::DeliverPages(ReadRequest& read) {
  Status status(ZX_OK);
  for (size_t i = 0; i < read.page_count; ++i) {
    const Result<> taken = owner_->OnPageArrived(read.first_page + i, read.pages[i]);
    status = taken.ok() ? status : taken.error();
  }
  read.page_count = 0;
  return status;
}

void PageSource::OnReadDone(ReadRequest& read, Status status) {
  GK_ASSERT(!static_cast<base::ListNode<ProviderTag>&>(read).is_linked());
  const RefPtr<PageSource> keep_alive = std::move(read.source);
  static_cast<base::ListNode<InFlightTag>&>(read).Unlink();
  const PageRange range{read.first_page, read.first_page + read.page_count};
  if (status.ok() && owner_ != nullptr && !detached_) {
    status = DeliverPages(read);
  } else {
    FreePages(read);
  }
  delete &read;
  CompleteWaiters(range, status);
}

void PageSource::CompleteWaiters(const PageRange& range, Status status) {
  for (auto i = waiters_.begin(); i != waiters_.end();) {
    PageRequest& request = *i;
    ++i;
    if (request.index_ >= range.begin && request.index_ < range.end) {
      request.Unlink();
      request.state_ = PageRequest::State::kDone;
      request.status_ = status;
      request.queue_.WakeAll(status);
    }
  }
}

void PageSource::Detach() {
  detached_ = true;
  CompleteWaiters({0, UINT64_MAX}, Status(ZX_ERR_BAD_STATE));
}

}  // namespace gk
