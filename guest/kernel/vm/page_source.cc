#include "guest/kernel/vm/page_source.h"

#include <bit>
#include <new>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {
namespace {

// What is read for somebody who has asked for it may reach into the reserve below the low watermark, by so many pages.
constexpr size_t kOwedPages = 64;

// What a medium says of one page. Other failures (a pager that takes too long, no memory) would meet each page alone
// too.
bool IsOfOnePage(Status status) { return status == Status(ZX_ERR_IO) || status == Status(ZX_ERR_IO_DATA_INTEGRITY); }

}  // namespace

SourceRequest::SourceRequest() = default;
SourceRequest::~SourceRequest() { HeapFree(pages_); }

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
    if (kind == SourceRequestKind::kRead) {
      OnUsed(first);
    }
    return {};
  }
  PAGODA_TRY_ASSIGN(SourceRequest * request, Prepare(kind, ChooseRange(kind, first, count), first));
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
  if (kind == SourceRequestKind::kRead) {
    OnUsed(first);
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
  const PageIndex missing = owner_->FindMissing(first);
  if (missing != first) {
    return Fetched{.pages = Min(count, missing - first), .asked = false};
  }
  PageIndex wanted = owner_->CountWanted(first, Min(count, PageIndex{Max(kOwedPages, MostToRead())}));
  if (const Run* next = runs.FindBeyond(first)) {
    wanted = Min(wanted, next->first - first);
  }
  if (wanted == 0) {  // beyond what comes from the source
    return Fetched{.pages = count, .asked = false};
  }
  PAGODA_TRY_ASSIGN(SourceRequest * request, Prepare(SourceRequestKind::kRead, {first, first + wanted}, first));
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
ReadAhead::Range PageSource::ChooseRange(SourceRequestKind kind, PageIndex first, PageIndex count) {
  ReadAhead::Range range = {first, first + count};
  if (kind == SourceRequestKind::kRead && provider_->fills_pages()) {
    const size_t most = MostToRead();
    range = read_ahead_.OnMiss(first, Min(count, PageIndex{Max(kOwedPages, most)}), most);
    range.end = first + Max(PageIndex{1}, owner_->CountWanted(first, range.end - first));
    while (range.first != first && !IsAllWanted({range.first, first})) {
      range.first += (first - range.first + 1) / 2;
    }
  }
  const Run* next = RunsOf(kind).FindBeyond(first);
  range.end = next != nullptr ? Min(range.end, next->first) : range.end;
  return range;
}

// All of it is missing, and nobody has asked for any of it.
bool PageSource::IsAllWanted(const ReadAhead::Range& range) const {
  const PageIndex count = range.end - range.first;
  const Run* run = runs_[static_cast<size_t>(SourceRequestKind::kRead)].FindBeyond(range.first);
  return (run == nullptr || run->first >= range.end) && owner_->CountWanted(range.first, count) == count;
}

// A stream has some of what is free above the reserve, and never more than a small part of memory: what is read ahead
// is not to push out what is in use.
size_t PageSource::MostToRead() const {
  const uint64_t free = FreePageCount() - Min(FreePageCount(), reclaim::LowWatermark());
  return std::bit_floor(static_cast<size_t>(Max(uint64_t{1}, Min(free, LongestRead()))));
}

uint64_t PageSource::LongestRead() const {
  constexpr uint64_t kFractionOfMemory = 32;
  return Min(TotalPageCount() / kFractionOfMemory, uint64_t{provider_->max_read_ahead_pages()});
}

// Nobody waits for this, so if it cannot be had now the reader will ask for it when he misses it.
void PageSource::ReadOn(PageIndex index) {
  const RefPtr<PageSource> keep_alive(this);
  while (state_ == State::kAttached && owner_ != nullptr && read_ahead_.IsDue(index)) {
    // What this one takes is there again before the next: reclaiming now could take what the caller has looked up.
    reclaim::Expect(LongestRead());
    const size_t most = MostToRead();
    const bool large = LongestRead() == base::kPagesPerLargePage;
    // Without this two of five parts of a stream were scattered (64 MiB of memory), with it one in twelve.
    if (most < ReadAhead::kFarReach || (large && !HasRun(base::kPagesPerLargePage))) {
      return;
    }
    const ReadAhead::Range range = read_ahead_.ReadOn(index, most);
    bool asked = false;
    for (PageIndex at = range.first; at < range.end;) {
      const PageIndex together = read_ahead_.Together({at, range.end}).end - at;
      const Result<Fetched> fetched = Fetch(at, together, 0);
      if (!fetched.ok()) {
        return;
      }
      asked |= fetched->asked;
      at += fetched->pages;
    }
    read_ahead_.OnReadOn(asked);
  }
}

Result<SourceRequest*> PageSource::Prepare(SourceRequestKind kind, const ReadAhead::Range& range, PageIndex needed) {
  SourceRequest* request = new (std::nothrow) SourceRequest;
  Run* run = request != nullptr ? new (std::nothrow) Run : nullptr;
  if (run == nullptr) {
    delete request;
    return Error(ZX_ERR_NO_MEMORY);
  }
  request->kind = kind;
  request->first_page = range.first;
  request->page_count = range.end - range.first;
  if (IsFilled(*request) && !AllocateFrames(*request, needed)) {
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

// As many as there are and a request can name: the rest of what was to be read ahead is left out, but not `needed`.
// False: not even one.
bool PageSource::AllocateFrames(SourceRequest& request, PageIndex needed) {
  // In pieces that are as long as can be. A whole large page is aligned as its pages are in the object, so that one
  // page-table entry can show it (fault.cc); the others make the chain of the transport short. Long runs are kept for
  // those who can use all of one.
  constexpr PageIndex kPieces[] = {base::kPagesPerLargePage, 64, 8, 1};
  request.pages_ = static_cast<Page**>(HeapAllocate(request.page_count * sizeof(Page*)));
  size_t runs = 0;
  for (const PageIndex piece : kPieces) {
    const bool whole = piece != base::kPagesPerLargePage || base::IsAligned(request.first_page, piece);
    while (request.pages_ != nullptr && whole && runs < SourceRequest::kMaxFilledRuns &&
           request.page_count - request.filled_pages_ >= piece && AllocateRun(request, piece)) {
      ++runs;
    }
  }
  if (request.filled_pages_ == 0) {
    return false;
  }
  request.page_count = request.filled_pages_;
  request.first_page = Max(request.first_page, needed + 1 - Min(needed + 1, request.page_count));
  for (size_t i = 0; i < request.filled_pages_; ++i) {
    MakeObjectPage(*request.pages_[i], request.first_page + i);
  }
  return true;
}

bool PageSource::AllocateRun(SourceRequest& request, PageIndex count) {
  Page* first = count == 1 ? AllocatePage() : AllocateContiguous(count, count * kPageSize);
  for (PageIndex i = 0; first != nullptr && i < count; ++i) {
    request.pages_[request.filled_pages_++] = first + i;
  }
  return first != nullptr;
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
  if (IsFilled(request) && request.page_count > 1 && IsOfOnePage(status)) {
    // Who waits looks again, and asks for his page alone.
    read_ahead_.OnFailure({request.first_page, request.first_page + request.page_count});
    status = Status(ZX_OK);
  } else if (status.ok() && owner_ != nullptr && state_ == State::kAttached) {
    status = Deliver(request);
  }
  FreeFrames(request);
  for (PageRequest& waiter : request.waiters_) {
    waiter.status_ = waiter.status_.ok() ? status : waiter.status_;
  }
  Forget(request);
  Destroy(request);
}

// Frames of pages that have been resolved in another way are given back: what the provider has read may be older than
// that.
Status PageSource::Deliver(SourceRequest& request) {
  if (request.kind == SourceRequestKind::kDirty) {
    const Result<> granted = owner_->OnDirtyGranted(request.first_page, request.page_count);
    return granted.ok() || granted.error() != Status(ZX_ERR_NO_MEMORY) ? Status(ZX_OK) : granted.error();
  }
  // What is left of it, from its front: the owner may change what comes behind.
  Status status(ZX_OK);
  const PageIndex end = request.first_page + request.filled_pages_;
  for (PageIndex at = request.first_page; at < end;) {
    const Run* run = RunsOf(request.kind).FindBeyond(at);
    const PageIndex from = run != nullptr ? Min(Max(run->first, at), end) : end;
    const PageIndex to = run != nullptr ? Min(run->end, end) : end;
    const bool ours = run != nullptr && run->request == &request;
    const std::span<Page* const> pages = request.pages();
    for (PageIndex i = at; i < (ours ? from : to); ++i) {
      FreePage(pages[i - request.first_page]);
    }
    if (ours && from < to) {
      const Result<> taken = owner_->OnPagesArrived(from, pages.subspan(from - request.first_page, to - from));
      status = taken.ok() ? status : taken.error();
    }
    at = to;
  }
  request.filled_pages_ = 0;
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
