// Page faults: find the mapping, get the page, enter it; wait and start over where the page must be fetched.
//
// After a wait nothing that was looked at before is trusted: the mapping may be gone, protected, replaced, the VMO
// shorter. So the loop holds on to nothing across Wait but a reference to the VMO, which the wait itself needs.
#include <array>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/reclaim.h"
#include "shared/base/range.h"

namespace gk {
namespace {

// How many pages one fault enters at most, an aligned window around the address: those that are present anyway. On a
// host that shadows page tables a neighbour costs a tenth of what its own fault would cost.
constexpr PageIndex kWindowPages = 16;
constexpr uint64_t kWindowSize = kWindowPages * kPageSize;

// What an entry made for an access may permit. No entry is ever writable and executable: where the mapping permits
// both, the access decides, and one of the other kind faults and turns the entry round.
Access EntryAccess(Access permitted, Access wanted, bool page_writable) {
  Access entry = permitted;
  entry.write = permitted.write && page_writable && (wanted.write || !permitted.execute);
  entry.execute = permitted.execute && !entry.write;
  return entry;
}

}  // namespace

Result<> AddressSpace::HandleFault(VirtualAddress address, Access access) {
  for (;;) {
    reclaim::SafePoint();
    Mapping* mapping = root_->alive() ? root_->FindMapping(address) : nullptr;
    if (mapping == nullptr) {
      return Error(ZX_ERR_NOT_FOUND);
    }
    if (!mapping->access().read || !IsSubset(access, mapping->access())) {
      return Error(ZX_ERR_ACCESS_DENIED);
    }
    const RefPtr<Vmo> vmo(&mapping->vmo());
    PageRequest request;
    const PageLookup lookup = vmo->RequirePage(mapping->PageIndexOf(address),
                                               access.write ? PageIntent::kWrite : PageIntent::kRead, 1, request);
    switch (lookup.kind()) {
      case PageLookup::Kind::kReady:
        return EnterFaultedPage(*mapping, address, access, {lookup.address(), lookup.writable()});
      case PageLookup::Kind::kFailed:
        return Error(lookup.status());
      case PageLookup::Kind::kNeedsPage:
        PAGODA_TRY(request.Wait());
        break;
    }
  }
}

// The faulting page, and with it those of its neighbours that are present with the same permissions.
Result<> AddressSpace::EnterFaultedPage(Mapping& mapping, VirtualAddress address, Access wanted, PresentPage page) {
  const VirtualAddress faulted = base::AlignDown(address, kPageSize);
  const Access access = EntryAccess(mapping.access(), wanted, page.writable);
  if (const auto present = page_table_.Query(faulted); present.has_value()) {
    if (present->address == page.address && IsSubset(access, present->attributes.access)) {
      return {};  // another CPU was faster
    }
    // Another page (the shared zero page gave way), more permission than before, or another kind.
    RemovePages(faulted, 1);
  }
  const VirtualAddress first = Max(base::AlignDown(faulted, kWindowSize), mapping.base());
  const VirtualAddress end = Min(base::AlignDown(faulted, kWindowSize) + kWindowSize, mapping.end());
  std::array<PhysicalAddress, kWindowPages> frames;
  for (VirtualAddress i = first; i < end; i += kPageSize) {
    const PresentPage neighbour = i == faulted ? page : mapping.vmo().PeekPage(mapping.PageIndexOf(i));
    frames[(i - first) / kPageSize] = neighbour.writable == page.writable ? neighbour.address : arch::kNoFrame;
  }
  // One window lies in one last-level table: either all is entered or nothing.
  return EnterPages(first, std::span(frames).first((end - first) / kPageSize), access);
}

void AddressSpace::EnterPresent(Mapping& mapping, VirtualAddress address, uint64_t length) {
  if (!mapping.access().read) {
    return;
  }
  const Vmo& vmo = mapping.vmo();
  const PageIndex first = mapping.PageIndexOf(address);
  const PageIndex end = first + length / kPageSize;
  for (PageIndex index = vmo.FindPresent(first); index < end; index = vmo.FindPresent(index + 1)) {
    const PresentPage page = vmo.PeekPage(index);
    const VirtualAddress target = address + (index - first) * kPageSize;
    if (!EnterPages(target, {&page.address, 1}, EntryAccess(mapping.access(), {.read = true}, page.writable)).ok()) {
      return;
    }
  }
}

}  // namespace gk
