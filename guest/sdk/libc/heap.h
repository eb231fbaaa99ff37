// The allocator behind malloc: size classes over regions of memory that are mapped whole and touched piece by piece.
//
// A block carries a header of 16 bytes before its payload. Blocks up to kMaxClassSize come from the current region and
// go back to the list of their class, never to the kernel; larger ones are mappings of their own and are unmapped when
// freed. The kernel commits memory on first touch, so a large region costs nothing until it is used.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace pagoda::libc {

inline constexpr size_t kHeapAlignment = 16;

// Where the heap's memory comes from: zeroed, in multiples of a page. `map` returns null when there is none.
struct MemorySource {
  void* (*map)(size_t size);
  void (*unmap)(void* address, size_t size);
  // A block that is not one, or that was freed twice. Does not return.
  void (*corrupt)(const char* reason);
};

// Not for several threads at once: the caller locks. Constant-initialised, so that constructors may allocate.
class Heap {
 public:
  static constexpr size_t kSmallStep = 16;
  static constexpr size_t kSmallMax = 1024;
  static constexpr size_t kMaxClassSize = size_t{256} << 10;
  // 16..1024 in steps of 16, then four classes for each doubling.
  static constexpr size_t kClassCount = kSmallMax / kSmallStep + 4 * 8;

  constexpr explicit Heap(MemorySource source) : source_(source) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // `alignment` is a power of two. Null: out of memory. A size of 0 gives a block of its own.
  void* Allocate(size_t size, size_t alignment = kHeapAlignment);
  // The same, all bytes zero. Memory that comes fresh from the source is not touched.
  void* AllocateZeroed(size_t size);
  // Null is allowed.
  void Free(void* payload);
  // Null when out of memory; the old block is then unchanged.
  void* Reallocate(void* payload, size_t size);
  // Bytes that may be used, at least what was asked for.
  size_t UsableSize(void* payload) const;

  // The class for a size up to kMaxClassSize, and what its blocks hold.
  static size_t ClassOf(size_t size);
  static size_t ClassSize(size_t index);

 private:
  struct Header {
    uint32_t state;
    uint32_t size_class;
    uint64_t size;  // of the payload; of an alignment gap: distance to the real payload
  };
  static_assert(sizeof(Header) == kHeapAlignment);
  struct FreeBlock {
    FreeBlock* next;
  };

  static Header* HeaderOf(void* payload) { return static_cast<Header*>(payload) - 1; }
  // The header of the block that `payload` lies in, past the gap of an aligned allocation. Corruption ends the program.
  Header* Find(void* payload) const;
  void* AllocateLarge(size_t size);
  void* AllocateFromClass(size_t size_class, bool* fresh);
  bool Grow(size_t need);

  MemorySource source_;
  char* cursor_ = nullptr;
  char* end_ = nullptr;
  size_t next_region_ = size_t{1} << 20;
  FreeBlock* free_[kClassCount] = {};
};

}  // namespace pagoda::libc
