#include "guest/kernel/arch/cache.h"

#include <stdint.h>

namespace gk::arch {
namespace {

// Every CPU with long mode has lines of 64 bytes; a smaller step would only flush a line twice.
constexpr size_t kLine = 64;

}  // namespace

// CLFLUSH reaches all CPUs and is ordered with the fences around it (SDM volume 2A, CLFLUSH).
void CleanAndInvalidateCache(const void* bytes, size_t size) {
  const uintptr_t first = reinterpret_cast<uintptr_t>(bytes) & ~(kLine - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes) + size;
  asm volatile("mfence" ::: "memory");
  for (uintptr_t line = first; line < end; line += kLine) {
    asm volatile("clflush (%0)" ::"r"(line) : "memory");
  }
  asm volatile("mfence" ::: "memory");
}

}  // namespace gk::arch
