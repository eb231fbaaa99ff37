// Makes the use of free pages visible in hosted builds; costs nothing in the kernel.
//
// Free pages are filled with a pattern, and AddressSanitizer reports every access to them.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/vm/page.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace gk::page_poison {

inline constexpr int kPattern = 0xdb;

// Physically contiguous pages. Only for memory that was touched before: it writes to all of it.
inline void Fill([[maybe_unused]] PhysicalAddress address, [[maybe_unused]] uint64_t pages) {
#if __STDC_HOSTED__
  __builtin_memset(arch::PhysicalToVirtual(address), kPattern, pages * kPageSize);
#endif
}

inline void Forbid([[maybe_unused]] PhysicalAddress address, [[maybe_unused]] uint64_t pages) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(arch::PhysicalToVirtual(address), pages * kPageSize);
#endif
}

inline void Allow([[maybe_unused]] PhysicalAddress address, [[maybe_unused]] uint64_t pages) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(arch::PhysicalToVirtual(address), pages * kPageSize);
#endif
}

}  // namespace gk::page_poison
