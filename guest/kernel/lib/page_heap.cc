#include "guest/kernel/lib/page_heap.h"

#include <stdint.h>

#include <array>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::page_heap {
namespace {

constexpr size_t kGrain = 16;

// Chosen so that little of a page is left over: a quarter in the worst case, mostly under a tenth.
constexpr uint16_t kClassSizes[] = {16,  32,  48,  64,  80,  96,  112, 128, 160,  192,  224,
                                    256, 320, 384, 448, 512, 576, 640, 768, 1024, 1360, 2048};
constexpr size_t kClasses = sizeof(kClassSizes) / sizeof(kClassSizes[0]);
constexpr uint32_t kLargeAllocation = kClasses;
static_assert(kClassSizes[kClasses - 1] == kLargestSlabObject);

// The class for a size, by (size - 1) / kGrain.
constexpr auto kClassOfSize = [] {
  std::array<uint8_t, kLargestSlabObject / kGrain> table{};
  size_t size_class = 0;
  for (size_t i = 0; i < table.size(); ++i) {
    while (kClassSizes[size_class] < (i + 1) * kGrain) {
      ++size_class;
    }
    table[i] = static_cast<uint8_t>(size_class);
  }
  return table;
}();

struct Heap {
  Page* with_room[kClasses] = {};  // slabs that can serve another object, by class
  Statistics statistics = {};
};
constinit Heap g_heap;

size_t Capacity(uint32_t size_class) { return kPageSize / kClassSizes[size_class]; }

void Link(Page* slab) {
  Page*& head = g_heap.with_room[slab->heap.size_class];
  slab->heap.next = head;
  slab->heap.previous = nullptr;
  if (head != nullptr) {
    head->heap.previous = slab;
  }
  head = slab;
}

void Unlink(Page* slab) {
  if (slab->heap.previous != nullptr) {
    slab->heap.previous->heap.next = slab->heap.next;
  } else {
    g_heap.with_room[slab->heap.size_class] = slab->heap.next;
  }
  if (slab->heap.next != nullptr) {
    slab->heap.next->heap.previous = slab->heap.previous;
  }
}

Page* MakeSlab(uint32_t size_class) {
  Page* slab = AllocatePage();
  if (slab == nullptr) {
    return nullptr;
  }
  SetPageState(*slab, PageState::kHeap);
  slab->heap = {
      .next = nullptr, .previous = nullptr, .first_free = nullptr, .in_use = 0, .carved = 0, .size_class = size_class};
  Link(slab);
  ++g_heap.statistics.pages;
  g_heap.statistics.free_bytes += Capacity(size_class) * kClassSizes[size_class];
  return slab;
}

void* TakeObject(Page* slab) {
  void* object = slab->heap.first_free;
  if (object != nullptr) {
    slab->heap.first_free = *static_cast<void**>(object);
  } else {
    object = slab->data<uint8_t>() + size_t{slab->heap.carved++} * kClassSizes[slab->heap.size_class];
  }
  g_heap.statistics.free_bytes -= kClassSizes[slab->heap.size_class];
  if (++slab->heap.in_use == Capacity(slab->heap.size_class)) {
    Unlink(slab);
  }
  return object;
}

void* AllocateLarge(size_t size) {
  constexpr size_t kLargest = size_t{1} << 30;
  if (size > kLargest) {
    return nullptr;
  }
  const size_t pages = base::AlignUp(size, kPageSize) / kPageSize;
  Page* first = AllocateContiguous(pages, kPageSize);
  if (first == nullptr) {
    return nullptr;
  }
  for (size_t i = 0; i < pages; ++i) {
    SetPageState(first[i], PageState::kHeap);
  }
  first->heap.size_class = kLargeAllocation;
  first->page_count = static_cast<uint32_t>(pages);
  g_heap.statistics.pages += pages;
  return first->data();
}

void FreeLarge(Page* first) {
  const size_t pages = first->page_count;
  g_heap.statistics.pages -= pages;
  FreeContiguous(first, pages);
}

void FreeObject(Page* slab, void* object) {
  const uint32_t size_class = slab->heap.size_class;
  const size_t offset = arch::VirtualToPhysical(object) % kPageSize;
  GK_ASSERT(slab->heap.in_use != 0 && offset % kClassSizes[size_class] == 0);
  *static_cast<void**>(object) = slab->heap.first_free;
  slab->heap.first_free = object;
  g_heap.statistics.free_bytes += kClassSizes[size_class];
  if (slab->heap.in_use-- == Capacity(size_class)) {
    Link(slab);
  }
  if (slab->heap.in_use == 0) {
    Unlink(slab);
    FreePage(slab);
    --g_heap.statistics.pages;
    g_heap.statistics.free_bytes -= Capacity(size_class) * kClassSizes[size_class];
  }
}

}  // namespace

void* Allocate(size_t size) {
  void* object = nullptr;
  if (size > kLargestSlabObject) {
    object = AllocateLarge(size);
  } else {
    const uint32_t size_class = kClassOfSize[size == 0 ? 0 : (size - 1) / kGrain];
    Page* slab = g_heap.with_room[size_class];
    slab = slab != nullptr ? slab : MakeSlab(size_class);
    object = slab != nullptr ? TakeObject(slab) : nullptr;
  }
  if (object != nullptr) {
    ++g_heap.statistics.objects;
  }
  return object;
}

void Free(void* pointer) {
  if (pointer == nullptr) {
    return;
  }
  Page* page = PageOf(arch::VirtualToPhysical(pointer));
  GK_ASSERT(page != nullptr && page->state == PageState::kHeap);
  --g_heap.statistics.objects;
  if (page->heap.size_class == kLargeAllocation) {
    FreeLarge(page);
  } else {
    FreeObject(page, pointer);
  }
}

Statistics GetStatistics() { return g_heap.statistics; }

void Reset() { g_heap = Heap{}; }

}  // namespace gk::page_heap
