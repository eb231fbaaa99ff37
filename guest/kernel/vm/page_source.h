// Where the pages of one VMO come from, when not from zeroes: keeps track of what was asked for and who waits.
//
// A page fault, from the waiter's side:
//   - the VMO finds no page and calls Require(kRead, index, count, request);
//   - if an outstanding request covers the page, the waiter joins it; otherwise a new one goes to the provider;
//   - the waiter calls request.Wait(), then looks into the VMO again.
// The same with kDirty, where pages are there but the pager wants to hear before they are written to.
//
// Outstanding requests of one kind never overlap: a new one ends where somebody has asked already. What of a request
// has not been heard of yet is kept page by page, as runs; each supply, failure or truncation takes its pages out of
// them (Resolve). A request ends when nothing is left of it, or when the page that its initiator needs next has failed.
//
//   waiter                  its page is supplied       its page fails                  its request ends
//   initiator, kEarly       goes on                    fails, and the request ends     goes on
//   initiator, kWhenAnswered  -                        fails, and the request ends     goes on
//   who joined, kEarly      goes on                    the failure is remembered       fails if it is, else goes on
//   who joined, kWhenAnswered -                        the failure is remembered       fails if it is, else goes on
//
// So failed pages that nobody needed yet are forgotten; who comes to them asks anew.
//
//              Detach                                Close
//   attached ---------> detached, OnComplete called    attached, detached ---------> closed
//      Every wait fails with ZX_ERR_BAD_STATE from then on. Detach gives up clean pages, Close keeps them.
//
// Kernel lock held for every call. Nothing here blocks; PageRequest::Wait does.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/interval_set.h"
#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/page_request.h"
#include "guest/kernel/vm/poll_backoff.h"
#include "guest/kernel/vm/read_ahead.h"
#include "shared/base/intrusive_list.h"

namespace gk {

// What a source needs of its VMO.
class PageSourceOwner {
 public:
  // How many pages from `first` on are missing and come from the source, up to `most`.
  [[nodiscard]] virtual PageIndex CountWanted(PageIndex first, PageIndex most) const = 0;
  // The first page at or above `from` that is missing.
  [[nodiscard]] virtual PageIndex FindMissing(PageIndex from) const = 0;
  // The pages from `first` on, which somebody asked for, have arrived. The owner takes them, or frees those for which
  // there is no place any more. ZX_ERR_NO_MEMORY: some were freed, and whoever waits for them must be told so.
  virtual Result<> OnPagesArrived(PageIndex first, std::span<Page* const> pages) = 0;
  // The pages may be dirtied. ZX_ERR_NO_MEMORY: not all of them have room; other errors: look again.
  virtual Result<> OnDirtyGranted(PageIndex first, PageIndex count) = 0;
  // What can be had again from nowhere is worth keeping, the rest is not.
  virtual void OnDetached() = 0;

 protected:
  ~PageSourceOwner() = default;
};

class PageSource final : public RefCounted<PageSource> {
 public:
  // Null when there is no memory.
  static RefPtr<PageSource> Create(RefPtr<PageProvider> provider);
  ~PageSource();

  // Binds the source to its VMO, once, while the VMO is being made. The owner calls OnOwnerDestroyed before it goes.
  void SetOwner(PageSourceOwner& owner);
  void OnOwnerDestroyed();

  // Arranges for an answer about the page at `first` and puts `request` into the list of those who wait for it. Asks
  // for up to `count` pages from there, all of which are wanted; what is read from a provider that fills pages may be
  // read ahead (read_ahead.h). ZX_ERR_NO_MEMORY: nothing was asked for. ZX_ERR_BAD_STATE: not attached.
  Result<> Require(SourceRequestKind kind, PageIndex first, PageIndex count, PageRequest& request);

  // Somebody uses the page at `index`, which is there: asks for what he will come to, if it is time.
  void OnUsed(PageIndex index) {
    if (read_ahead_.IsDue(index)) {
      ReadOn(index);
    }
  }

  // Asks for missing pages though nobody waits for them yet, for a provider that fills pages: those at the start of
  // [first, first + count) that are missing and were not asked for, as many as one READ holds. `provider_data` goes
  // into the request. ZX_ERR_NO_MEMORY, ZX_ERR_BAD_STATE: as Require.
  struct Fetched {
    PageIndex pages;  // from `first` on that are taken care of: asked for now or before, or not missing. Not 0
    bool asked;       // a READ was sent
  };
  Result<Fetched> Fetch(PageIndex first, PageIndex count, uint64_t provider_data);

  // Whether somebody was asked about the page and has not answered yet.
  [[nodiscard]] bool IsAsked(SourceRequestKind kind, PageIndex index) const {
    return runs_[static_cast<size_t>(kind)].Find(index) != nullptr;
  }

  // Makes the next Resolve of either kind safe. ZX_ERR_NO_MEMORY.
  Result<> PrepareResolve();
  // Something was heard of the pages [first, end): they are there (or need not be asked for any more), or have failed.
  // Precondition: PrepareResolve since the last time, unless `end` is UINT64_MAX.
  void Resolve(SourceRequestKind kind, PageIndex first, PageIndex end, Status status);

  // The answer of a provider that fills pages to a READ, and of a host to DIRTY. ZX_OK: all pages of `request` hold
  // their content, or may be dirtied. Otherwise those who wait get the status; after an error of the medium in a READ
  // of several pages they ask for theirs alone instead. Destroys `request`.
  void OnRequestDone(SourceRequest& request, Status status);

  // No question will be asked any more; see above. Frames that are being filled stay with the provider until it has
  // answered. Neither does anything for the second time.
  void Detach();
  void Close();

  [[nodiscard]] bool attached() const { return state_ == State::kAttached; }
  [[nodiscard]] PageProvider& provider() { return *provider_; }
  // Whether those who wait for an answer poll before they sleep: for PageRequest.
  [[nodiscard]] PollBackoff& polling() { return polling_; }
  // What the provider has been asked and has not answered: for those who look from outside.
  using Requests = base::IntrusiveList<SourceRequest, InFlightTag>;
  [[nodiscard]] Requests& requests() { return requests_; }

 private:
  friend class PageRequest;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  explicit PageSource(RefPtr<PageProvider> provider);

  enum class State : uint8_t { kAttached, kDetached, kClosed };

  // Pages of a request that nothing has been heard of.
  struct Run : HeapObject, Interval<Run> {
    SourceRequest* request = nullptr;
  };
  using Runs = IntervalSet<Run>;
  // One operation resolves up to two kinds, and can leave something on both sides of what it takes out of each.
  static constexpr size_t kSpareRuns = 2;

  [[nodiscard]] Runs& RunsOf(SourceRequestKind kind) { return runs_[static_cast<size_t>(kind)]; }
  [[nodiscard]] bool IsFilled(const SourceRequest& request) const {
    return request.kind == SourceRequestKind::kRead && provider_->fills_pages();
  }
  [[nodiscard]] ReadAhead::Range ChooseRange(SourceRequestKind kind, PageIndex first, PageIndex count);
  [[nodiscard]] bool IsAllWanted(const ReadAhead::Range& range) const;
  [[nodiscard]] uint64_t LongestRead() const;
  [[nodiscard]] size_t MostToRead() const;
  void ReadOn(PageIndex index);
  // Pages [range.first, range.end), or fewer of them when frames are short, but `needed` among them.
  Result<SourceRequest*> Prepare(SourceRequestKind kind, const ReadAhead::Range& range, PageIndex needed);
  void TakeBack(SourceRequest& request);
  static bool AllocateFrames(SourceRequest& request, PageIndex needed);
  static bool AllocateRun(SourceRequest& request, PageIndex count);
  static void FreeFrames(SourceRequest& request);
  void Register(SourceRequest& request, Run& run);
  void Join(SourceRequest& request, PageIndex index, PageRequest& waiter);

  void TakeOut(Runs& runs, Run& run, PageIndex first, PageIndex end);
  static bool OnPagesHeardOf(SourceRequest& request, PageIndex first, PageIndex end, Status status);
  static void Complete(PageRequest& waiter, Status status);
  Status Deliver(SourceRequest& request);
  void Forget(SourceRequest& request);
  void End(SourceRequest& request);
  void EndAll(Status status);
  void Destroy(SourceRequest& request);
  void WithdrawIfUnwanted(SourceRequest& request);

  RefPtr<PageProvider> provider_;
  PageSourceOwner* owner_ = nullptr;  // until OnOwnerDestroyed
  State state_ = State::kAttached;
  PollBackoff polling_;
  ReadAhead read_ahead_;
  std::array<Runs, 2> runs_;               // by kind
  std::array<Run*, kSpareRuns> spares_{};  // owned
  Requests requests_;                      // that the provider has
};

}  // namespace gk
