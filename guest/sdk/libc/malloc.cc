// malloc and its family, and C++'s operator new: one heap for the process, over VMOs.
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include <mutex>
#include <new>

#include "guest/sdk/include/pagoda/mutex.h"
#include "guest/sdk/libc/fatal.h"
#include "guest/sdk/libc/heap.h"

namespace {

using pagoda::libc::Heap;

void* MapMemory(size_t size) {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  if (zx_vmo_create(size, 0, &vmo) != ZX_OK) {
    return nullptr;
  }
  zx_vaddr_t address = 0;
  const zx_status_t status =
      zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, size, &address);
  zx_handle_close(vmo);  // the mapping keeps the VMO
  return status == ZX_OK ? reinterpret_cast<void*>(address) : nullptr;
}

void UnmapMemory(void* address, size_t size) {
  if (zx_vmar_unmap(zx_vmar_root_self(), reinterpret_cast<zx_vaddr_t>(address), size) != ZX_OK) {
    pagoda::libc::Fatal("free: the kernel does not know the mapping");
  }
}

constinit pagoda::Mutex g_lock;
constinit Heap g_heap({.map = MapMemory, .unmap = UnmapMemory, .corrupt = pagoda::libc::Fatal});

void* AllocateOrSetErrno(size_t size, size_t alignment) {
  std::lock_guard guard(g_lock);
  void* payload = g_heap.Allocate(size, alignment);
  if (payload == nullptr) {
    errno = ENOMEM;
  }
  return payload;
}

void* AllocateOrDie(size_t size, size_t alignment) {
  void* payload = AllocateOrSetErrno(size, alignment);
  if (payload == nullptr) {
    pagoda::libc::Fatal("operator new: out of memory");
  }
  return payload;
}

}  // namespace

extern "C" {

void* malloc(size_t size) { return AllocateOrSetErrno(size, pagoda::libc::kHeapAlignment); }

void free(void* payload) {
  std::lock_guard guard(g_lock);
  g_heap.Free(payload);
}

void* calloc(size_t count, size_t size) {
  size_t total = 0;
  void* payload = nullptr;
  if (!__builtin_mul_overflow(count, size, &total)) {
    std::lock_guard guard(g_lock);
    payload = g_heap.AllocateZeroed(total);
  }
  if (payload == nullptr) {
    errno = ENOMEM;
  }
  return payload;
}

void* realloc(void* payload, size_t size) {
  std::lock_guard guard(g_lock);
  void* moved = g_heap.Reallocate(payload, size);
  if (moved == nullptr) {
    errno = ENOMEM;
  }
  return moved;
}

void* aligned_alloc(size_t alignment, size_t size) { return AllocateOrSetErrno(size, alignment); }
void* memalign(size_t alignment, size_t size) { return AllocateOrSetErrno(size, alignment); }

int posix_memalign(void** out, size_t alignment, size_t size) {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) {
    return EINVAL;
  }
  void* payload = AllocateOrSetErrno(size, alignment);
  if (payload == nullptr) {
    return ENOMEM;
  }
  *out = payload;
  return 0;
}

size_t malloc_usable_size(void* payload) {
  std::lock_guard guard(g_lock);
  return payload != nullptr ? g_heap.UsableSize(payload) : 0;
}

}  // extern "C"

namespace std {
const nothrow_t nothrow{};
}  // namespace std

void* operator new(size_t size) { return AllocateOrDie(size, pagoda::libc::kHeapAlignment); }
void* operator new[](size_t size) { return AllocateOrDie(size, pagoda::libc::kHeapAlignment); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return malloc(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return malloc(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return AllocateOrDie(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return AllocateOrDie(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return aligned_alloc(static_cast<size_t>(alignment), size);
}
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return aligned_alloc(static_cast<size_t>(alignment), size);
}
void operator delete(void* payload) noexcept { free(payload); }
void operator delete[](void* payload) noexcept { free(payload); }
void operator delete(void* payload, size_t) noexcept { free(payload); }
void operator delete[](void* payload, size_t) noexcept { free(payload); }
void operator delete(void* payload, const std::nothrow_t&) noexcept { free(payload); }
void operator delete[](void* payload, const std::nothrow_t&) noexcept { free(payload); }
void operator delete(void* payload, std::align_val_t) noexcept { free(payload); }
void operator delete[](void* payload, std::align_val_t) noexcept { free(payload); }
void operator delete(void* payload, size_t, std::align_val_t) noexcept { free(payload); }
void operator delete[](void* payload, size_t, std::align_val_t) noexcept { free(payload); }
void operator delete(void* payload, std::align_val_t, const std::nothrow_t&) noexcept { free(payload); }
void operator delete[](void* payload, std::align_val_t, const std::nothrow_t&) noexcept { free(payload); }
