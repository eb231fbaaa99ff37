// Which physical addresses programs may be given: a run of RAM that the kernel sets aside at boot, and nothing else.
//
// The kernel itself drives every device of the machine, and all other RAM is its own. A program that could map either
// could read and write everything; so no resource, not even the root, reaches further than this.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"

namespace gk::physical_ranges {

struct PhysicalRange {
  PhysicalAddress base = 0;
  uint64_t size = 0;
};

// Takes `pages` neighbouring pages out of the allocator, zeroed, for programs to have. Without effect for 0 pages and
// where there is no such run. Once, at boot.
void SetAside(uint64_t pages);
// Gives them back (tests). Precondition: nothing shows them any more.
void TakeBack();

// What was set aside; empty when nothing was.
[[nodiscard]] PhysicalRange Granted();
// True when all of the range may be shown to programs.
[[nodiscard]] bool IsGranted(PhysicalAddress base, uint64_t size);

}  // namespace gk::physical_ranges
