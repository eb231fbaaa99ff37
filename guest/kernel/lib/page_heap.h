// A heap on the physical page allocator: what stands behind HeapAllocate in the kernel.
//
// Small objects come from slabs: one page that is cut into objects of one size. All that a slab needs to remember is in
// the Page structure of its page, so the objects fill the page and HeapFree finds the slab from the address alone. A
// slab whose last object is freed goes back to the page allocator at once. Larger objects are contiguous pages.
// Kernel lock held for every call.
#pragma once

#include <stddef.h>

namespace gk::page_heap {

// The largest object that shares a page with others.
inline constexpr size_t kLargestSlabObject = 2048;

// `size` bytes aligned to 16, in the physical map, not zeroed; nullptr when there is no memory.
[[nodiscard]] void* Allocate(size_t size);
// Precondition: Allocate returned it, and it was not freed since. nullptr is ignored.
void Free(void* pointer);

struct Statistics {
  size_t objects;
  size_t pages;
  size_t free_bytes;  // room for objects inside slabs
};
[[nodiscard]] Statistics GetStatistics();

// Forgets everything (tests that make a new pmm).
void Reset();

}  // namespace gk::page_heap
