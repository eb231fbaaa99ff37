// The transport behind a page source: how the content of one object reaches this machine.
//
// Four roles, as in every demand pager:
//   PageRequest    a thread that waits for a page; lives on that thread's stack            (page_request.h)
//   PageSource     belongs to one VMO; knows which pages are on their way and who waits    (page_source.h)
//   ReadRequest    one read on its way, with the physical pages to fill                    (here)
//   PageProvider   carries ReadRequests to whoever has the content, and their answers back (here; the port driver)
//
// The VM core never sees the transport, and a provider never sees a VMO.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>
#include <span>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class PageSource;
class PageRequest;
struct InFlightTag;
struct ProviderTag;

// One read: `page_count` pages at `first_page` of the object, to be put into `pages` (which need not be neighbours).
// Made by the PageSource. The provider has it from SubmitRead until it calls PageSource::OnReadDone, exactly once; in
// that time it, or the device behind it, may write to the pages, so nobody else touches them. It may link the request
// through the ProviderTag node while it has it, and must have unlinked it before OnReadDone.
struct ReadRequest : HeapObject, base::ListNode<InFlightTag>, base::ListNode<ProviderTag> {
  static constexpr size_t kMaxPages = 32;  // 128 KiB

  [[nodiscard]] uint64_t offset() const { return first_page * kPageSize; }
  [[nodiscard]] uint64_t length() const { return page_count * kPageSize; }
  [[nodiscard]] bool Contains(PageIndex index) const { return index >= first_page && index - first_page < page_count; }

  RefPtr<PageSource> source;  // keeps the source alive until the answer has come
  PageIndex first_page = 0;
  size_t page_count = 0;
  std::array<Page*, kMaxPages> pages{};
  uint64_t provider_data = 0;  // for the provider
};

class PageProvider : public RefCounted<PageProvider> {
 public:
  virtual ~PageProvider() = default;

  // The most pages that one read should cover when a single page is missing and its stream is read ahead: 1 (exactly
  // what is asked) to ReadRequest::kMaxPages.
  [[nodiscard]] virtual size_t max_read_ahead_pages() const = 0;

  // Starts a read; does not block. The answer comes by PageSource::OnReadDone, from PollCompletions, from an interrupt
  // or from within this call.
  virtual void SubmitRead(ReadRequest& request) = 0;

  // Delivers the answers that have arrived, by calling OnReadDone. Cheap when there are none: waiters spin on it for a
  // short time before they sleep.
  virtual void PollCompletions() = 0;

  // A waiter has polled long enough and is about to sleep: delivers what has arrived, and from now until its reads are
  // answered the provider must hear of answers without being polled (by an interrupt).
  virtual void PrepareToBlock() = 0;
};

}  // namespace gk
