// The physical page allocator ("pmm"): who owns which page of RAM.
//
// Free pages are kept in blocks of 2^order pages, naturally aligned, split and merged as buddies; one list per order,
// last in, first out, because a page that was used lately is cheap to touch and fresh host memory is not. RAM that was
// never used lies beyond a frontier, one per memory range: neither those pages nor their Page structures have been
// touched, so booting costs the same whatever the size of RAM. The frontier moves in blocks of 2 MiB.
//
// Kernel lock held for every call. Nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/vm/page.h"
#include "shared/abi/boot_info.h"

namespace gk {

// Takes over all RAM of `ranges` (ascending, at most abi::kMaxMemoryRanges). Pages below `free_start` (page-aligned, in
// the first range) are wired. The Page array of each range is taken from the start of the free part of that range.
// Panics when the first range has no room for its array. Calling it again forgets everything (tests).
void PmmInit(std::span<const abi::MemoryRange> ranges, PhysicalAddress free_start);

// One page, content unspecified, state kAllocated; nullptr when there is none.
[[nodiscard]] Page* AllocatePage();
// The same, filled with zeroes.
[[nodiscard]] Page* AllocateZeroedPage();

// Gives back one page, in whatever state its owner had it. Precondition: not pinned, not free, not wired.
void FreePage(Page* page);

// `count` neighbouring pages whose first has a physical address that is a multiple of `alignment` bytes (a power of
// two, at least a page). Returns the first (the others follow it in the array: page + 1, …), nullptr when there is no
// such run. Each of them may be freed on its own with FreePage.
[[nodiscard]] Page* AllocateContiguous(size_t count, uint64_t alignment);
void FreeContiguous(Page* first, size_t count);

// Whether AllocateContiguous(count, count * kPageSize) would find a run. `count` is a power of two.
[[nodiscard]] bool HasRun(size_t count);

// Gives RAM that was in use before PmmInit to the allocator: the boot image and the bootstrap tables, when they are no
// longer needed. Page-aligned, below `free_start`. Precondition: nothing refers to it any more.
void ReleaseBootMemory(PhysicalAddress base, uint64_t size);

// The Page of the page that contains `address`; nullptr when that is no RAM or lies beyond the frontier. Pages below
// `free_start` have state kWired.
[[nodiscard]] Page* PageOf(PhysicalAddress address);

// True when [address, address + size) is RAM, used or not.
[[nodiscard]] bool IsRam(PhysicalAddress address, uint64_t size);

// An owner says what its page is for. `state` is kAllocated, kTable, kHeap or kObject.
void SetPageState(Page& page, PageState state);

void ZeroPage(Page& page);

// The page of zeroes that everybody who only reads absent memory shares. Never written, never freed. Made by the first
// call; nullptr when there is no memory.
[[nodiscard]] Page* SharedZeroPage();

struct PmmStatistics {
  uint64_t total_pages;      // of RAM
  uint64_t free_pages;       // those beyond the frontier included
  uint64_t untouched_pages;  // beyond the frontier
  uint64_t wired_pages;
  uint64_t table_pages;  // by state; what is in none of these counts is kAllocated
  uint64_t heap_pages;
  uint64_t object_pages;
};
[[nodiscard]] PmmStatistics GetPmmStatistics();

// Two of the statistics, cheap enough to be asked on every entry into the kernel.
[[nodiscard]] uint64_t FreePageCount();
[[nodiscard]] uint64_t TotalPageCount();

}  // namespace gk
