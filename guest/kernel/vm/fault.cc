// Page faults: find the mapping, get the page, enter it; wait and start over where the page must be fetched.
//
// After a wait nothing that was looked at before is trusted: the mapping may be gone, protected, replaced, the VMO
// shorter. So the loop holds on to nothing across Wait but a reference to the VMO, which the wait itself needs.
#include <array>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/sched/observation.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/code_observer.h"
#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/reclaim.h"
#include "shared/base/range.h"

namespace gk {
namespace {

// How many pages one fault enters at most: those of an aligned part of the object that are present anyway. On a host
// that shadows page tables a neighbour costs a tenth of what its own fault would cost. Aligned in the object as reads
// are, so that a reader faults once for each read that is not longer. What longer reads bring is shown by one entry,
// where there was RAM for it in one piece; more than this would be much for a kernel stack.
constexpr PageIndex kWindowPages = kFaultWindowPages;
constexpr uint64_t kWindowSize = kWindowPages * kPageSize;

// What an entry made for an access may permit. No entry is ever writable and executable: where the mapping permits
// both, the access decides, and one of the other kind faults and turns the entry round.
Access EntryAccess(Access permitted, Access wanted, bool page_writable) {
  Access entry = permitted;
  entry.write = permitted.write && page_writable && (wanted.write || !permitted.execute);
  entry.execute = permitted.execute && !entry.write;
  return entry;
}

arch::Caching CachingOf(const VmoContent& content) {
  switch (content.cache_policy()) {
    case ZX_CACHE_POLICY_CACHED:
      return arch::Caching::kCached;
    case ZX_CACHE_POLICY_WRITE_COMBINING:
      return arch::Caching::kWriteCombining;
    default:
      return arch::Caching::kUncached;
  }
}

arch::MappingAttributes AttributesFor(const Mapping& mapping, Access access) {
  return {.access = access, .user = true, .caching = CachingOf(mapping.vmo().content()), .accessed = true};
}

// Where in the address space the mapping ends, or what can be reached through it. Precondition: something can.
VirtualAddress EndOfReach(const Mapping& mapping) {
  return mapping.base() + Min(mapping.size(), mapping.reach() - mapping.vmo_offset());
}

struct AddressRange {
  VirtualAddress first;
  VirtualAddress end;
};

// The window of `faulted`, a page's address, without what lies outside the mapping's reach or needs another last-level
// table: so either all of it is entered or nothing.
AddressRange WindowAround(const Mapping& mapping, VirtualAddress faulted) {
  const PageIndex place = mapping.PageIndexOf(faulted) % kWindowPages;
  const VirtualAddress table = base::AlignDown(faulted, base::kLargePageSize);
  const VirtualAddress lowest = Max(table, mapping.base());
  const VirtualAddress highest = Min(table + base::kLargePageSize, EndOfReach(mapping));
  return {.first = faulted - Min(place * kPageSize, faulted - lowest),
          .end = faulted + Min((kWindowPages - place) * kPageSize, highest - faulted)};
}

// Only what the host can put a name to.
void NoteFault(const Vmo& vmo, PageIndex index, bool write) {
  PageSource* source = vmo.page_source();
  const PagerIdentity pager = source == nullptr ? PagerIdentity() : source->provider().identity();
  if (pager.kind == PagerIdentity::Kind::kHost) {
    NoteEvent(write ? abi::GuestEventKind::kWriteFault : abi::GuestEventKind::kFault, pager.number,
              vmo.ContentIndex(index) * kPageSize, 1);
  }
}

}  // namespace

Result<> AddressSpace::HandleFault(VirtualAddress address, Access access, FaultOrigin origin) {
  ++(origin == FaultOrigin::kProgram ? observation.counters.program_faults : observation.counters.copy_faults);
  bool noted = observation.event_capacity == 0;
  const SuspendPolicy suspend = origin == FaultOrigin::kProgram ? SuspendPolicy::kGiveWay : SuspendPolicy::kWaitOn;
  for (;;) {
    reclaim::SafePoint();
    Mapping* mapping = root_->alive() ? root_->FindMapping(address) : nullptr;
    if (mapping == nullptr) {
      return Error(ZX_ERR_NOT_FOUND);
    }
    if (!mapping->access().read || !IsSubset(access, mapping->access())) {
      return Error(ZX_ERR_ACCESS_DENIED);
    }
    if (mapping->PageIndexOf(address) >= mapping->reach() / kPageSize) {
      return Error(ZX_ERR_OUT_OF_RANGE);
    }
    const RefPtr<Vmo> vmo(&mapping->vmo());
    if (!noted) {
      NoteFault(*vmo, mapping->PageIndexOf(address), access.write);
      noted = true;
    }
    PageRequest request;
    const PageLookup lookup = vmo->RequirePage(mapping->PageIndexOf(address),
                                               access.write ? PageIntent::kWrite : PageIntent::kRead, 1, request);
    switch (lookup.kind()) {
      case PageLookup::Kind::kReady:
        if (access.write) {
          vmo->content().OnModified();
        }
        return EnterFaultedPage(*mapping, address, access, {lookup.address(), lookup.writable()});
      case PageLookup::Kind::kFailed:
        return Error(lookup.status());
      case PageLookup::Kind::kNeedsPage:
        PAGODA_TRY(request.Wait(suspend));
        break;
    }
  }
}

// The faulting page, and with it those of its neighbours that are present with the same permissions.
Result<> AddressSpace::EnterFaultedPage(Mapping& mapping, VirtualAddress address, Access wanted, PresentPage page) {
  const VirtualAddress faulted = base::AlignDown(address, kPageSize);
  const Access access = EntryAccess(mapping.access(), wanted, page.writable);
  const auto present = page_table_.Query(faulted);
  if (present.has_value() && present->address == page.address && IsSubset(access, present->attributes.access)) {
    return {};  // another CPU was faster
  }
  if (EnterLargePage(mapping, faulted)) {
    return {};
  }
  if (present.has_value()) {
    // Another page (the shared zero page gave way), more permission than before, or another kind.
    RemovePages(faulted, 1);
  }
  const auto [first, end] = WindowAround(mapping, faulted);
  std::array<PresentPage, kWindowPages> pages;
  const std::span<PresentPage> window = std::span(pages).first((end - first) / kPageSize);
  mapping.vmo().PeekPages(mapping.PageIndexOf(first), window);
  window[(faulted - first) / kPageSize] = page;
  return EnterWindow(first, window, page.writable, AttributesFor(mapping, access));
}

// Enters those pages, at consecutive addresses from `first`, that are present and as `writable` as said.
Result<> AddressSpace::EnterWindow(VirtualAddress first, std::span<const PresentPage> window, bool writable,
                                   const arch::MappingAttributes& attributes) {
  std::array<PhysicalAddress, kWindowPages> frames;
  for (size_t i = 0; i < window.size(); ++i) {
    frames[i] = window[i].writable == writable ? window[i].address : arch::kNoFrame;
  }
  PAGODA_TRY(page_table_.MapFrames(first, std::span(frames).first(window.size()), attributes));
  SayIfCode(attributes.access, first, window.size());
  return {};
}

void AddressSpace::SayIfCode(Access access, VirtualAddress first, uint64_t pages) const {
  if (access.execute && code_observer != nullptr) {
    code_observer->OnCodeMapped(page_table_.root(), first, pages);
  }
}

// Shows the aligned 2 MiB around `address` with one entry, if the mapping has them all, and the object has all their
// pages, side by side in RAM. Not where an entry may have to turn round: code in one half could need data in the other.
// False: nothing was entered (but what was may be gone).
bool AddressSpace::EnterLargePage(Mapping& mapping, VirtualAddress address) {
  const VirtualAddress first = base::AlignDown(address, base::kLargePageSize);
  const bool turns = mapping.access().write && mapping.access().execute;
  if (turns || first < mapping.base() || EndOfReach(mapping) - first < base::kLargePageSize) {
    return false;
  }
  const PresentPage run = mapping.vmo().PeekLargeRun(mapping.PageIndexOf(first));
  if (!run || !base::IsAligned(run.address, base::kLargePageSize)) {
    return false;
  }
  RemovePages(first, base::kPagesPerLargePage);
  const Access access = EntryAccess(mapping.access(), {.read = true}, run.writable);
  if (!page_table_.Map(first, run.address, base::kPagesPerLargePage, AttributesFor(mapping, access)).ok()) {
    return false;
  }
  SayIfCode(access, first, base::kPagesPerLargePage);
  return true;
}

void AddressSpace::EnterPresent(Mapping& mapping, VirtualAddress address, uint64_t length) {
  if (!mapping.access().read) {
    return;
  }
  const Vmo& vmo = mapping.vmo();
  const PageIndex first = mapping.PageIndexOf(address);
  const PageIndex end = Min(first + length / kPageSize, mapping.reach() / kPageSize);
  PageIndex next = 0;
  for (PageIndex index = vmo.FindPresent(first); index < end; index = vmo.FindPresent(next)) {
    const VirtualAddress target = address + (index - first) * kPageSize;
    const uint64_t entered = EnterPresentAt(mapping, target, (end - index) * kPageSize);
    if (entered == 0) {
      return;
    }
    next = index + entered / kPageSize;
  }
}

// Enters what is present from `address` on, as far as one step goes; returns how far, 0 when there is no memory.
uint64_t AddressSpace::EnterPresentAt(Mapping& mapping, VirtualAddress address, uint64_t length) {
  if (base::IsAligned(address, base::kLargePageSize) && length >= base::kLargePageSize &&
      EnterLargePage(mapping, address)) {
    return base::kLargePageSize;
  }
  const uint64_t size = Min(length, kWindowSize - address % kWindowSize);
  std::array<PresentPage, kWindowPages> pages;
  const std::span<PresentPage> window = std::span(pages).first(size / kPageSize);
  mapping.vmo().PeekPages(mapping.PageIndexOf(address), window);
  for (const bool writable : {true, false}) {
    const Access access = EntryAccess(mapping.access(), {.read = true}, writable);
    if (!EnterWindow(address, window, writable, AttributesFor(mapping, access)).ok()) {
      return 0;
    }
  }
  return size;
}

}  // namespace gk
