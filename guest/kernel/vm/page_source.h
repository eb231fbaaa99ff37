// Where the pages of one VMO come from, when not from zeroes: keeps track of what is on its way.
//
// A page fault, from the waiter's side:
//   - the VMO finds no page and calls Require(index, count, request);
//   - if no read in flight covers the page, the source allocates pages, makes a ReadRequest and submits it;
//   - the waiter calls request.Wait(), then looks into the VMO again.
// From the provider's side: SubmitRead; later OnReadDone, on which the source hands the pages to the VMO (or frees
// them) and wakes everybody whose page was covered. Overlapping requests share one read.
//
//             Detach                     last read answered, VMO gone
//   attached ---------> detached (every wait fails with ZX_ERR_BAD_STATE) ---------> destroyed
//
// A page whose read failed is never installed: nothing turns silently into zeroes.
// Kernel lock held for every call. Nothing here blocks; PageRequest::Wait does.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/page_request.h"
#include "guest/kernel/vm/read_ahead.h"
#include "shared/base/intrusive_list.h"

namespace gk {

// What a source needs of its VMO.
class PageSourceOwner {
 public:
  // True when the page is missing and lies inside the object: worth reading.
  [[nodiscard]] virtual bool WantsPage(PageIndex index) const = 0;
  // The page at `index` has arrived. The owner takes it, or frees it where there is no place for it any more.
  // ZX_ERR_NO_MEMORY: it was freed, and whoever waits for it must be told so.
  virtual Result<> OnPageArrived(PageIndex index, Page* page) = 0;

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

  // Arranges for the page at `first` to come and puts `request` into the list of those who wait for it. Reads up to
  // `count` pages from there, or when `count` is 1 as many as the pattern of misses suggests (read_ahead.h).
  // ZX_ERR_NO_MEMORY: nothing was requested. ZX_ERR_BAD_STATE: detached.
  Result<> Require(PageIndex first, size_t count, PageRequest& request);

  // The provider's answer. ZX_OK: all pages of `request` hold their content. Otherwise none may be used, and those who
  // wait get the status. Destroys `request`.
  void OnReadDone(ReadRequest& request, Status status);

  // The content is gone for good. Everybody who waits, now or later, gets ZX_ERR_BAD_STATE. Reads in flight stay with
  // the provider until it has answered them.
  void Detach();

  [[nodiscard]] bool detached() const { return detached_; }
  [[nodiscard]] PageProvider& provider() { return *provider_; }

 private:
  friend class PageRequest;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  explicit PageSource(RefPtr<PageProvider> provider);

  struct PageRange {
    PageIndex begin;
    PageIndex end;  // exclusive
  };
  ReadRequest* FindInFlight(PageIndex index);
  bool ShouldRead(PageIndex index);
  PageRange ChooseRange(PageIndex first, size_t count);
  Result<ReadRequest*> PrepareRead(PageIndex first, size_t count);
  static bool AllocatePages(ReadRequest& read, const PageRange& range);
  static void FreePages(ReadRequest& read);
  Status DeliverPages(ReadRequest& read);
  void CompleteWaiters(const PageRange& range, Status status);

  RefPtr<PageProvider> provider_;
  PageSourceOwner* owner_ = nullptr;  // until OnOwnerDestroyed
  bool detached_ = false;
  ReadAhead read_ahead_;
  base::IntrusiveList<ReadRequest, InFlightTag> in_flight_;
  base::IntrusiveList<PageRequest, PageRequestTag> waiters_;
};

}  // namespace gk
