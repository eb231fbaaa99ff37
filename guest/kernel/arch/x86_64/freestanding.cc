// What a hosted program has from its C and C++ run-time libraries and the kernel must bring itself: the heap behind
// operator new, and the memory functions that are not worth assembly. Not part of hosted builds.
#include <new>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/page_heap.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/torture.h"

namespace gk {

void* HeapAllocate(size_t size) { return torture::ShouldFail() ? nullptr : page_heap::Allocate(size); }
void HeapFree(void* pointer) { page_heap::Free(pointer); }

}  // namespace gk

namespace std {
const nothrow_t nothrow{};
}  // namespace std

void* operator new(size_t size, const std::nothrow_t&) noexcept { return gk::HeapAllocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return gk::HeapAllocate(size); }
void operator delete(void* pointer) noexcept { gk::HeapFree(pointer); }
void operator delete(void* pointer, size_t) noexcept { gk::HeapFree(pointer); }
void operator delete[](void* pointer) noexcept { gk::HeapFree(pointer); }
void operator delete[](void* pointer, size_t) noexcept { gk::HeapFree(pointer); }

// The compiler must not recognise these loops and turn each into a call of itself.
#define GK_NO_LIBRARY_CALLS __attribute__((optimize("no-tree-loop-distribute-patterns")))

extern "C" {

GK_NO_LIBRARY_CALLS void* memmove(void* destination, const void* source, size_t length) noexcept {
  auto* to = static_cast<unsigned char*>(destination);
  auto* from = static_cast<const unsigned char*>(source);
  // Forward copying is right whenever the destination does not start inside the source.
  if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >= length) {
    return memcpy(destination, source, length);
  }
  while (length != 0) {
    --length;
    to[length] = from[length];
  }
  return destination;
}

GK_NO_LIBRARY_CALLS int memcmp(const void* a, const void* b, size_t length) noexcept {
  auto* left = static_cast<const unsigned char*>(a);
  auto* right = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < length; ++i) {
    if (left[i] != right[i]) {
      return left[i] < right[i] ? -1 : 1;
    }
  }
  return 0;
}

GK_NO_LIBRARY_CALLS size_t strlen(const char* text) noexcept {
  size_t length = 0;
  while (text[length] != '\0') {
    ++length;
  }
  return length;
}

// A pure virtual function was called: an object is used while it is being made or destroyed.
[[noreturn]] void __cxa_pure_virtual() { gk::Panic("pure virtual function called"); }

}  // extern "C"
