// The transport behind a page source: how the content of one object reaches this machine, and how its changes leave it.
//
// Four roles, as in every demand pager:
//   PageRequest    a thread that waits for a page; lives on that thread's stack               (page_request.h)
//   PageSource     belongs to one VMO; knows which pages are asked for and who waits          (page_source.h)
//   SourceRequest  a range of pages that was asked for, on its way to whoever has the content (here)
//   PageProvider   carries SourceRequests there, and the answers back                         (here)
//
// Two kinds of provider. One that *fills pages* (the port device) is given the frames for a READ, has them filled and
// says so by PageSource::OnRequestDone. The other (a pager program) only carries the question: the pages come whenever
// the program supplies them (Vmo::SupplyPages), which need not be the range that was asked for.
// The VM core never sees the transport, and a provider never sees a VMO.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include <span>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/page_request.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class PageSource;
struct InFlightTag;
struct ProviderTag;

enum class SourceRequestKind : uint8_t {
  kRead,   // the pages are missing
  kDirty,  // they are about to be written to for the first time
};

// One question: pages [first_page, first_page + page_count) of the object. Made by the PageSource. The provider has it
// from Send until Withdraw, or until it calls PageSource::OnRequestDone, exactly once. It may link the request through
// the ProviderTag node while it has it, and has unlinked it before it gives it up.
struct SourceRequest : HeapObject,
                       base::ListNode<InFlightTag>,
                       base::ListNode<ProviderTag>,
                       base::ListNode<InitiatedTag> {
  // As many as one large page-table entry shows. In so few pieces that a request for them is short.
  static constexpr size_t kMaxFilledPages = base::kPagesPerLargePage;  // 2 MiB
  static constexpr size_t kMaxFilledRuns = 64;                         // of neighbours in RAM

  SourceRequest();
  ~SourceRequest();

  [[nodiscard]] uint64_t offset() const { return first_page * kPageSize; }
  [[nodiscard]] uint64_t length() const { return page_count * kPageSize; }
  // READ of a provider that fills pages: the frames to fill, page_count of them, in at most kMaxFilledRuns runs of
  // neighbours. Nobody else touches them until the answer. Otherwise empty.
  [[nodiscard]] std::span<Page* const> pages() const { return {pages_, filled_pages_}; }

  SourceRequestKind kind = SourceRequestKind::kRead;
  PageIndex first_page = 0;
  PageIndex page_count = 0;
  RefPtr<PageSource> source;   // keeps the source alive until the answer has come
  uint64_t provider_data = 0;  // for the provider
  zx_time_t asked_at = 0;      // CurrentTime's clock

  // For those who look from outside: who waits for it, and how many of its pages nothing has been heard of yet.
  using Waiters = base::IntrusiveList<PageRequest, PageRequestTag>;
  [[nodiscard]] Waiters& waiters() { return waiters_; }
  [[nodiscard]] PageIndex unresolved() const { return unresolved_; }

 private:
  friend class PageSource;
  friend class PageRequest;

  Page** pages_ = nullptr;  // an array on the heap
  size_t filled_pages_ = 0;
  PageIndex unresolved_ = 0;  // pages of the range that nothing has been heard of yet
  Waiters waiters_;
  PageRequest* initiator_ = nullptr;  // whose wait made the request; null: it was given up
};

// Who serves a source, for people.
struct PagerIdentity {
  enum class Kind : uint8_t { kUnknown, kProgram, kClosedProgram, kHost };
  Kind kind = Kind::kUnknown;
  uint64_t number = 0;  // kProgram: the pager's koid; kHost: the object's number at the host
  uint64_t key = 0;     // kProgram, kClosedProgram: of its packets
};

class PageProvider : public RefCounted<PageProvider> {
 public:
  virtual ~PageProvider() = default;

  // True: READs name frames, and are answered by OnRequestDone once those are filled. False: pages are supplied.
  [[nodiscard]] virtual bool fills_pages() const = 0;

  // The most pages that one READ should cover when a single page is missing and its stream is read ahead: 1 (exactly
  // what is asked; all that can be said where pages are supplied) to SourceRequest::kMaxFilledPages.
  [[nodiscard]] virtual size_t max_read_ahead_pages() const = 0;

  [[nodiscard]] virtual PagerIdentity identity() const { return {}; }

  // Takes the question over; does not block. The answer may come from within this call. ZX_ERR_NO_MEMORY: it was not
  // taken over, and whoever waits gets that status.
  virtual Result<> Send(SourceRequest& request) = 0;

  // The answer is not wanted any more: it came in another way, or nobody waits. The request is forgotten before this
  // returns. Never called for a READ whose frames the provider has.
  virtual void Withdraw(SourceRequest& request) = 0;

  // No request will follow: the VMO was detached, or the last reference to it has gone. Called at most once.
  virtual void OnComplete() = 0;

  // Has what is dirty written back to where it survives a loss of power. Blocks; the caller keeps the provider alive.
  // After a failure what could not be written is still dirty. ZX_ERR_NOT_SUPPORTED: this provider cannot be asked to;
  // ZX_ERR_BAD_STATE: detached; ZX_ERR_NO_MEMORY; ZX_ERR_INTERNAL_INTR_KILLED; what it says itself.
  virtual Result<> Sync() { return Error(ZX_ERR_NOT_SUPPORTED); }

  // Whether an answer may have arrived. Kernel lock not held, for waiters that spin on it for a short time before they
  // sleep: it reads what the other side writes, and changes nothing. Only for providers that fill pages.
  [[nodiscard]] virtual bool has_answers() const = 0;

  // Delivers the answers that have arrived, by calling OnRequestDone. Only for providers that fill pages.
  virtual void PollCompletions() = 0;

  // A waiter has polled long enough and is about to sleep: delivers what has arrived, and from now until its requests
  // are answered the provider must hear of answers without being polled (by an interrupt).
  virtual void PrepareToBlock() = 0;
};

}  // namespace gk
