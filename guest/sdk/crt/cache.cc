// zx_cache_flush: caches are flushed by instructions that every program may use, so the kernel has no part in it.
#include <stdint.h>
#include <zircon/syscalls.h>

namespace {

// Every CPU with long mode has lines of 64 bytes; a smaller step would only flush a line twice.
constexpr uintptr_t kLine = 64;

bool IsFlush(uint32_t options) {
  constexpr uint32_t kAll = ZX_CACHE_FLUSH_INSN | ZX_CACHE_FLUSH_DATA | ZX_CACHE_FLUSH_INVALIDATE;
  const bool any = (options & (ZX_CACHE_FLUSH_INSN | ZX_CACHE_FLUSH_DATA)) != 0;
  const bool invalidates_nothing = (options & ZX_CACHE_FLUSH_INVALIDATE) != 0 && (options & ZX_CACHE_FLUSH_DATA) == 0;
  return (options & ~kAll) == 0 && any && !invalidates_nothing;
}

}  // namespace

// Instruction fetches see what was written without further ado on this architecture.
extern "C" zx_status_t zx_cache_flush(const void* addr, size_t size, uint32_t options) {
  if (!IsFlush(options)) {
    return ZX_ERR_INVALID_ARGS;
  }
  if ((options & ZX_CACHE_FLUSH_DATA) == 0) {
    return ZX_OK;
  }
  const uintptr_t end = reinterpret_cast<uintptr_t>(addr) + size;
  asm volatile("mfence" ::: "memory");
  for (uintptr_t line = reinterpret_cast<uintptr_t>(addr) & ~(kLine - 1); line < end; line += kLine) {
    asm volatile("clflush (%0)" ::"r"(line) : "memory");
  }
  asm volatile("mfence" ::: "memory");
  return ZX_OK;
}
