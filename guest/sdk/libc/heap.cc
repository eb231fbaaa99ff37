#include "guest/sdk/libc/heap.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "shared/base/range.h"

namespace pagoda::libc {
namespace {

constexpr uint32_t kStateUsed = 0x5573'6564;   // "desU"
constexpr uint32_t kStateFree = 0x4672'6565;   // "eerF"
constexpr uint32_t kStateLarge = 0x4c61'7267;  // "graL": a mapping of its own
constexpr uint32_t kStateGap = 0x4761'7021;    // "!paG": what follows was aligned up from a block

constexpr size_t kMaxRegion = size_t{64} << 20;

}  // namespace

size_t Heap::ClassOf(size_t size) {
  if (size <= kSmallMax) {
    return size == 0 ? 0 : (size - 1) / kSmallStep;
  }
  // Between two powers of two lie three more sizes, at quarters.
  const auto doubling = static_cast<size_t>(std::bit_width(size - 1) - 1);
  const size_t quarter = ((size - 1) >> (doubling - 2)) & 3;
  return kSmallMax / kSmallStep + 4 * (doubling - 10) + quarter;
}

size_t Heap::ClassSize(size_t index) {
  constexpr size_t kSmallCount = kSmallMax / kSmallStep;
  if (index < kSmallCount) {
    return (index + 1) * kSmallStep;
  }
  const size_t doubling = (index - kSmallCount) / 4;
  const size_t quarter = (index - kSmallCount) % 4;
  return (kSmallMax / 4) * (quarter + 5) << doubling;
}

bool Heap::Grow(size_t need) {
  const size_t size = std::max(next_region_, base::AlignUp(need, base::kPageSize));
  auto* region = static_cast<char*>(source_.map(size));
  if (region == nullptr) {
    return false;
  }
  // What is left of the region before is lost: less than one block of the largest class, and untouched.
  cursor_ = region;
  end_ = region + size;
  next_region_ = std::min(next_region_ * 2, kMaxRegion);
  return true;
}

void* Heap::AllocateFromClass(size_t size_class, bool* fresh) {
  if (FreeBlock* block = free_[size_class]; block != nullptr) {
    free_[size_class] = block->next;
    HeaderOf(block)->state = kStateUsed;
    *fresh = false;
    return block;
  }
  const size_t size = ClassSize(size_class);
  const size_t need = sizeof(Header) + size;
  if (static_cast<size_t>(end_ - cursor_) < need && !Grow(need)) {
    return nullptr;
  }
  auto* header = reinterpret_cast<Header*>(cursor_);
  cursor_ += need;
  *header = {.state = kStateUsed, .size_class = static_cast<uint32_t>(size_class), .size = size};
  *fresh = true;
  return header + 1;
}

void* Heap::AllocateLarge(size_t size) {
  if (base::AlignUpOverflows(size, 2 * base::kPageSize)) {
    return nullptr;
  }
  const size_t mapped = base::AlignUp(size + sizeof(Header), base::kPageSize);
  auto* header = static_cast<Header*>(source_.map(mapped));
  if (header == nullptr) {
    return nullptr;
  }
  *header = {.state = kStateLarge, .size_class = 0, .size = mapped - sizeof(Header)};
  return header + 1;
}

void* Heap::Allocate(size_t size, size_t alignment) {
  if (alignment > kHeapAlignment) {
    if (size > SIZE_MAX - alignment) {
      return nullptr;
    }
    auto* payload = static_cast<char*>(Allocate(size + alignment));
    if (payload == nullptr || base::IsAligned(reinterpret_cast<uintptr_t>(payload), alignment)) {
      return payload;
    }
    const uintptr_t aligned = base::AlignUp(reinterpret_cast<uintptr_t>(payload), alignment);
    const size_t gap = aligned - reinterpret_cast<uintptr_t>(payload);
    *HeaderOf(payload + gap) = {.state = kStateGap, .size_class = 0, .size = gap};
    return payload + gap;
  }
  bool fresh;
  return size > kMaxClassSize ? AllocateLarge(size) : AllocateFromClass(ClassOf(size), &fresh);
}

void* Heap::AllocateZeroed(size_t size) {
  if (size > kMaxClassSize) {
    return AllocateLarge(size);
  }
  bool fresh = false;
  void* payload = AllocateFromClass(ClassOf(size), &fresh);
  if (payload != nullptr && !fresh) {
    memset(payload, 0, size);
  }
  return payload;
}

Heap::Header* Heap::Find(void* payload) const {
  Header* header = HeaderOf(payload);
  if (header->state == kStateGap) {
    header = HeaderOf(static_cast<char*>(payload) - header->size);
  }
  if (header->state == kStateFree) {
    source_.corrupt("a block of the heap was used or freed after it had been freed");
  } else if (header->state != kStateUsed && header->state != kStateLarge) {
    source_.corrupt("a pointer that malloc did not give, or the bytes before it were overwritten");
  }
  return header;
}

void Heap::Free(void* payload) {
  if (payload == nullptr) {
    return;
  }
  Header* header = Find(payload);
  if (header->state == kStateLarge) {
    source_.unmap(header, header->size + sizeof(Header));
    return;
  }
  header->state = kStateFree;
  auto* block = reinterpret_cast<FreeBlock*>(header + 1);
  block->next = free_[header->size_class];
  free_[header->size_class] = block;
}

size_t Heap::UsableSize(void* payload) const {
  const Header* header = Find(payload);
  const auto gap = static_cast<size_t>(static_cast<char*>(payload) - reinterpret_cast<const char*>(header + 1));
  return header->size - gap;
}

void* Heap::Reallocate(void* payload, size_t size) {
  if (payload == nullptr) {
    return Allocate(size);
  }
  const size_t usable = UsableSize(payload);
  // A block that shrinks stays where it is unless that would keep more than half of a large one.
  if (size <= usable && (usable <= kMaxClassSize || size > usable / 2)) {
    return payload;
  }
  void* moved = Allocate(size);
  if (moved != nullptr) {
    memcpy(moved, payload, std::min(size, usable));
    Free(payload);
  }
  return moved;
}

}  // namespace pagoda::libc
