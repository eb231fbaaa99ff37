// What a hosted program has from its C++ run-time library and the kernel must bring itself. Not part of hosted builds.
#include <new>

#include "guest/kernel/lib/heap.h"
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

extern "C" {

// A pure virtual function was called: an object is used while it is being made or destroyed.
[[noreturn]] void __cxa_pure_virtual() { gk::Panic("pure virtual function called"); }

}  // extern "C"
