#include "guest/kernel/vm/physical_ranges.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::physical_ranges {
namespace {

constinit PhysicalRange granted;

}  // namespace

void SetAside(uint64_t pages) {
  GK_ASSERT(granted.size == 0);
  Page* first = pages == 0 ? nullptr : AllocateContiguous(pages, kPageSize);
  if (first == nullptr) {
    return;
  }
  for (uint64_t i = 0; i < pages; ++i) {
    ZeroPage(first[i]);
  }
  granted = {.base = first->physical_address(), .size = pages * kPageSize};
}

void TakeBack() {
  if (granted.size != 0) {
    FreeContiguous(PageOf(granted.base), granted.size / kPageSize);
  }
  granted = {};
}

PhysicalRange Granted() { return granted; }

bool IsGranted(PhysicalAddress base, uint64_t size) {
  return base >= granted.base && base::RangeFits(base - granted.base, size, granted.size);
}

}  // namespace gk::physical_ranges
