// An MMU that watches: every page-table entry that the kernel writes passes through here, and every invalidation.
//
// It aborts with a message when an entry
//   - is writable and executable at the same time,
//   - has reserved bits set, or names a frame that is not RAM (device registers, which are uncached, excepted),
//   - is written outside a page that the pmm knows as a page table,
//   - changes from one frame to another without having been removed and invalidated in between,
// and when a frame whose entry was removed is free before the CPUs were told to forget it.
#pragma once

#include <cstdint>
#include <optional>

#include "guest/kernel/arch/paging.h"
#include "guest/kernel/arch/types.h"

namespace gk::fake_arch {

// Forgets all entries and counts.
void ResetMmu();

struct MmuStatistics {
  uint64_t stores = 0;
  uint64_t invalidations = 0;
  CpuMask last_invalidated = 0;  // the CPUs of the last invalidation
};
[[nodiscard]] MmuStatistics GetMmuStatistics();

// What the CPU would do: walks the table at `root` bit by bit as the SDM says, independently of arch::PageTable.
// Permissions of all levels are combined.
[[nodiscard]] std::optional<arch::Translation> Walk(PhysicalAddress root, VirtualAddress address);
// What it does besides when it uses the entry: marks it as accessed.
void MarkAccessed(PhysicalAddress root, VirtualAddress address);

}  // namespace gk::fake_arch
