#include "guest/kernel/vm/page_source.h"

#include <new>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/pmm.h"

namespace gk {

RefPtr<PageSource> PageSource::Create(RefPtr<PageProvider> provider) {
  return MakeRefCounted<PageSource>(std::move(provider));
}

PageSource::PageSource(RefPtr<PageProvider> provider) : provider_(std::move(provider)) {}

// Every request that the provider has holds a reference, so there are none.
PageSource::~PageSource() {
  GK_ASSERT(owner_ == nullptr && requests_.empty());
  for (const Run* spare : spares_) {
    delete spare;
  }
}

void PageSource::SetOwner(PageSourceOwner& owner) {
  GK_ASSERT(owner_ == nullptr);
  owner_ = &owner;
}

void PageSource::OnOwnerDestroyed() {
  owner_ = nullptr;
  if (std::exchange(state_, State::kClosed) == State::kAttached) {
    EndAll(Status(ZX_ERR_BAD_STATE));
    provider_->OnComplete();
  }
}

void PageSource::Detach() {
  if (state_ != State::kAttached) {
    return;
  }
  const RefPtr<PageSource> keep_alive(this);
  state_ = State::kDetached;
  EndAll(Status(ZX_ERR_BAD_STATE));
  if (owner_ != nullptr) {
    owner_->OnDetached();
  }
  provider_->OnComplete();
}

void PageSource::Close() {
  const RefPtr<PageSource> keep_alive(this);
  state_ = State::kClosed;
  EndAll(Status(ZX_ERR_BAD_STATE));
}

// --- asking ---

Result<> PageSource::Require(SourceRequestKind kind, PageIndex first, PageIndex count, PageRequest& waiter) {
  GK_ASSERT(owner_ != nullptr && waiter.state_ == PageRequest::State::kIdle);
  if (state_ != State::kAttached) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (const Run* run = RunsOf(kind).Find(first); run != nullptr) {
    Join(*run->request, first, waiter);
    return {};
  }
  PAGODA_TRY_ASSIGN(SourceRequest * request, Prepare(kind, first, ChooseCount(kind, first, count)));
  request->initiator_ = &waiter;
  waiter.initiated_.PushBack(*request);
  // Before it is sent: the answer may come from within.
  Join(*request, first, waiter);
  const RefPtr<PageSource> keep_alive(this);
  if (const Result<> sent = provider_->Send(*request); !sent.ok()) {
    static_cast<base::ListNode<PageRequestTag>&>(waiter).Unlink();
    waiter.state_ = PageRequest::State::kIdle;
    waiter.source_.reset();
    TakeBack(*request);
    return Error(sent.error());
  }
  return {};
}

Result<PageSource::Fetched> PageSource::Fetch(PageIndex first, PageIndex count, uint64_t provider_data) {
  GK_ASSERT(owner_ != nullptr && provider_->fills_pages() && count != 0);
  if (state_ != State::kAttached) {
    return Error(ZX_ERR_BAD_STATE);
  }
  Runs& runs = RunsOf(SourceRequestKind::kRead);
  if (const Run* run = runs.Find(first)) {
    return Fetched{.pages = Min(count, run->end - first), .asked = false};
  }
  PageIndex wanted = owner_->CountWanted(first, Min(count, PageIndex{SourceRequest::kMaxFilledPages}));
  if (const Run* next = runs.FindBeyond(first)) {
    wanted = Min(wanted, next->first - first);
  }
  if (wanted == 0) {
    return Fetched{.pages = 1, .asked = false};
  }
  PAGODA_TRY_ASSIGN(SourceRequest * request, Prepare(SourceRequestKind::kRead, first, wanted));
  request->provider_data = provider_data;
  const Fetched fetched{.pages = request->page_count, .asked = true};
  const RefPtr<PageSource> keep_alive(this);
  if (const Result<> sent = provider_->Send(*request); !sent.ok()) {
    TakeBack(*request);
    return Error(sent.error());
  }
  return fetched;
}

// The provider did not take it.
void PageSource::TakeBack(SourceRequest& request) {
  Forget(request);
  FreeFrames(request);
  Destroy(request);
}

void PageSource::Join(SourceRequest& request, PageIndex index, PageRequest& waiter) {
  waiter.index_ = index;
  waiter.state_ = PageRequest::State::kWaiting;
  waiter.status_ = Status(ZX_OK);
  waiter.source_ = RefPtr<PageSource>(this);
  waiter.request_ = &request;
  request.waiters_.PushBack(waiter);
}

// Cut where somebody has asked already.
PageIndex PageSource::ChooseCount(SourceRequestKind kind, PageIndex first, PageIndex count) {
  if (kind == SourceRequestKind::kRead && provider_->fills_pages()) {
    if (count == 1) {
      const size_t most = provider_->max_read_ahead_pages();
      GK_ASSERT(most != 0 && most <= SourceRequest::kMaxFilledPages);
      count = Max(PageIndex{1}, owner_->CountWanted(first, read_ahead_.OnMiss(first, most)));
    }
    count = Min(count, PageIndex{SourceRequest::kMaxFilledPages});
  }
  const Run* next = RunsOf(kind).FindBeyond(first);
  return next != nullptr ? Min(count, next->first - first) : count;
}

Result<SourceRequest*> PageSource::Prepare(SourceRequestKind kind, PageIndex first, PageIndex count) {
  SourceRequest* request = new (std::nothrow) SourceRequest;
  Run* run = request != nullptr ? new (std::nothrow) Run : nullptr;
  if (run == nullptr) {
    delete request;
    return Error(ZX_ERR_NO_MEMORY);
  }
  request->kind = kind;
  request->first_page = first;
  request->page_count = count;
  bool ready = !IsFilled(*request) || AllocateFrames(*request);
  if (!ready && request->page_count > 1) {
    // Not enough for reading ahead; the page that somebody waits for may still be had.
    request->page_count = 1;
    ready = AllocateFrames(*request);
  }
  if (!ready) {
    delete run;
    delete request;
    return Error(ZX_ERR_NO_MEMORY);
  }
  Register(*request, *run);
  return request;
}

void PageSource::Register(SourceRequest& request, Run& run) {
  request.source = RefPtr<PageSource>(this);
  request.unresolved_ = request.page_count;
  request.asked_at = CurrentTime();
  run.first = request.first_page;
  run.end = request.first_page + request.page_count;
  run.request = &request;
  RunsOf(request.kind).Insert(run);
  requests_.PushBack(request);
}

// All or nothing.
bool PageSource::AllocateFrames(SourceRequest& request) {
  for (size_t i = 0; i < request.page_count; ++i) {
    Page* page = AllocateObjectPage(request.first_page + i);
    if (page == nullptr) {
      FreeFrames(request);
      return false;
    }
    request.pages_[request.filled_pages_++] = page;
  }
  return true;
}

void PageSource::FreeFrames(SourceRequest& request) {
  while (request.filled_pages_ != 0) {
    FreePage(request.pages_[--request.filled_pages_]);
  }
}

// --- answers ---

Result<> PageSource::PrepareResolve() {
  for (Run*& spare : spares_) {
    if (spare == nullptr && (spare = new (std::nothrow) Run) == nullptr) {
      return Error(ZX_ERR_NO_MEMORY);
    }
  }
  return {};
}

// From here on `request` may be destroyed by each step, so the runs are found anew.
void PageSource::Resolve(SourceRequestKind kind, PageIndex first, PageIndex end, Status status) {
  const RefPtr<PageSource> keep_alive(this);
  Runs& runs = RunsOf(kind);
  for (Run* run = runs.FindBeyond(first); run != nullptr && run->first < end; run = runs.FindBeyond(first)) {
    SourceRequest& request = *run->request;
    const PageIndex from = Max(first, run->first);
    const PageIndex to = Min(end, run->end);
    TakeOut(runs, *run, from, to);
    request.unresolved_ -= to - from;
    const bool failed = OnPagesHeardOf(request, from, to, status);
    if (failed || request.unresolved_ == 0) {
      End(request);
    }
    first = to;
  }
}

// Destroys the run when nothing is left of it.
void PageSource::TakeOut(Runs& runs, Run& run, PageIndex first, PageIndex end) {
  const PageIndex run_end = run.end;
  if (run.first == first) {
    if (end == run_end) {
      runs.Remove(run);
      delete &run;
    } else {
      run.first = end;
    }
    return;
  }
  run.end = first;
  if (end != run_end) {
    Run*& spare = spares_[0] != nullptr ? spares_[0] : spares_[1];
    GK_ASSERT(spare != nullptr);
    Run& rest = *std::exchange(spare, nullptr);
    rest.first = end;
    rest.end = run_end;
    rest.request = run.request;
    runs.Insert(rest);
  }
}

// True: the request has failed as a whole.
bool PageSource::OnPagesHeardOf(SourceRequest& request, PageIndex first, PageIndex end, Status status) {
  bool failed =
      !status.ok() && request.initiator_ == nullptr && first <= request.first_page && request.first_page < end;
  for (auto i = request.waiters_.begin(); i != request.waiters_.end();) {
    PageRequest& waiter = *i;
    ++i;
    if (waiter.index_ < first || waiter.index_ >= end) {
      continue;
    }
    if (!status.ok()) {
      waiter.status_ = status;
      failed = failed || request.initiator_ == &waiter;
    } else if (waiter.wake_ == WakePolicy::kEarly) {
      Complete(waiter, status);
    }
  }
  return failed;
}

void PageSource::Complete(PageRequest& waiter, Status status) {
  static_cast<base::ListNode<PageRequestTag>&>(waiter).Unlink();
  waiter.state_ = PageRequest::State::kDone;
  waiter.status_ = status;
  waiter.queue_.WakeAll(status);
}

void PageSource::OnRequestDone(SourceRequest& request, Status status) {
  const RefPtr<PageSource> keep_alive(this);
  if (status.ok() && owner_ != nullptr && state_ == State::kAttached) {
    status = Deliver(request);
  }
  FreeFrames(request);
  for (PageRequest& waiter : request.waiters_) {
    waiter.status_ = waiter.status_.ok() ? status : waiter.status_;
  }
  Forget(request);
  Destroy(request);
}

// Frames of pages that have been resolved in another way are left in the request: what the provider has read may be
// older than that.
Status PageSource::Deliver(SourceRequest& request) {
  if (request.kind == SourceRequestKind::kDirty) {
    const Result<> granted = owner_->OnDirtyGranted(request.first_page, request.page_count);
    return granted.ok() || granted.error() != Status(ZX_ERR_NO_MEMORY) ? Status(ZX_OK) : granted.error();
  }
  Status status(ZX_OK);
  size_t kept = 0;
  for (size_t i = 0; i < request.filled_pages_; ++i) {
    const PageIndex index = request.first_page + i;
    const Run* run = RunsOf(request.kind).Find(index);
    if (run == nullptr || run->request != &request) {
      request.pages_[kept++] = request.pages_[i];
      continue;
    }
    const Result<> taken = owner_->OnPageArrived(index, request.pages_[i]);
    status = taken.ok() ? status : taken.error();
  }
  request.filled_pages_ = kept;
  return status;
}

// --- ends ---

// Nothing more will be heard of it: its runs go, and all who wait are told what has become of their pages.
void PageSource::Forget(SourceRequest& request) {
  Runs& runs = RunsOf(request.kind);
  const PageIndex end = request.first_page + request.page_count;
  Run* run = runs.FindBeyond(request.first_page);
  while (request.unresolved_ != 0 && run != nullptr && run->first < end) {
    const PageIndex run_end = run->end;
    if (run->request == &request) {
      request.unresolved_ -= run->end - run->first;
      runs.Remove(*run);
      delete run;
    }
    run = runs.FindBeyond(run_end);
  }
  if (request.initiator_ != nullptr) {
    request.initiator_ = nullptr;
    static_cast<base::ListNode<InitiatedTag>&>(request).Unlink();
  }
  while (!request.waiters_.empty()) {
    PageRequest& waiter = request.waiters_.front();
    Complete(waiter, waiter.status_);
  }
}

// Frames stay where they are until they have been answered for.
void PageSource::End(SourceRequest& request) {
  Forget(request);
  if (!IsFilled(request)) {
    provider_->Withdraw(request);
    Destroy(request);
  }
}

void PageSource::EndAll(Status status) {
  for (auto i = requests_.begin(); i != requests_.end();) {
    SourceRequest& request = *i;
    ++i;
    for (PageRequest& waiter : request.waiters_) {
      waiter.status_ = waiter.status_.ok() ? status : waiter.status_;
    }
    End(request);
  }
}

// The caller keeps the source alive.
void PageSource::Destroy(SourceRequest& request) {
  GK_ASSERT(!static_cast<base::ListNode<ProviderTag>&>(request).is_linked());
  static_cast<base::ListNode<InFlightTag>&>(request).Unlink();
  delete &request;
}

void PageSource::WithdrawIfUnwanted(SourceRequest& request) {
  if (request.waiters_.empty() && request.initiator_ == nullptr && !IsFilled(request)) {
    const RefPtr<PageSource> keep_alive(this);
    End(request);
  }
}

}  // namespace gk
