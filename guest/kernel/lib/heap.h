// The kernel heap: memory for the kernel's own objects.
//
// In the kernel it stands on the physical page allocator (lib/page_heap.h); in hosted builds on malloc, so that the
// sanitizers see every object. In both, vm/torture.h can make the N-th allocation fail. Kernel lock held.
#pragma once

#include <stddef.h>

#include <new>

namespace gk {

// `size` bytes aligned to 16, not zeroed; nullptr when there is no memory. Size 0 is served like size 1.
[[nodiscard]] void* HeapAllocate(size_t size);

// Gives back what HeapAllocate returned. Does nothing with nullptr.
void HeapFree(void* pointer);

// Base of classes that live on the kernel heap in hosted builds too, where the global operator new is the host's.
// Only `new (std::nothrow)` is there: a kernel allocation may fail, and every caller has to say what happens then.
struct HeapObject {
  static void* operator new(size_t size, const std::nothrow_t&) noexcept { return HeapAllocate(size); }
  static void operator delete(void* pointer) noexcept { HeapFree(pointer); }
  static void operator delete(void* pointer, const std::nothrow_t&) noexcept { HeapFree(pointer); }
};

}  // namespace gk
