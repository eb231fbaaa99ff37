// What the kernel knows about one physical page. There is one Page for each page of RAM, in arrays made by the pmm.
//
// A Page is plain data: the array is raw memory that the pmm initialises piece by piece. The union is interpreted by
// whoever `state` says owns the page, and by nobody else.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/types.h"
#include "shared/base/range.h"

namespace gk {

using base::kPageShift;
using base::kPageSize;

// Index of a page inside something: an address divided by the page size.
using PageIndex = uint64_t;

//                    AllocatePage(s)
//     kFree  <---------------------------->  kAllocated  <------>  kTable, kHeap, kObject
//                       FreePage                        SetPageState
//
// Only the pmm moves pages between kFree and kAllocated; owners move theirs from kAllocated and back (or free them
// from where they are).
enum class PageState : uint8_t {
  kWired,      // in use since before the pmm: the kernel's image, the boot image, the pmm's own arrays. Never freed
  kFree,       // in the pmm, head of a free block of 2^order pages
  kFreeTail,   // in the pmm, not the head of a block; `order` means nothing
  kAllocated,  // taken from the pmm; its taker has not said what for
  kTable,      // a page-table page: `table` counts its present entries
  kHeap,       // a slab of the kernel heap or (part of) a large allocation: `heap`
  kObject,     // content of VMOs, or on its way to become that: `object`
};

struct Page {
  union {
    struct {
      Page* next;
      Page* previous;
    } free;
    struct {
      Page* next_retired;  // list of tables that wait for an invalidation before they are freed
      uint32_t used;       // present entries
    } table;
    struct {
      Page* next;  // list of slabs of the same size class that have room
      Page* previous;
      void* first_free;     // objects that were freed; intrusive list
      uint16_t in_use;      // objects
      uint16_t carved;      // objects handed out at least once; the rest of the slab was never touched
      uint32_t size_class;  // index; kLargeAllocation: `page_count` instead of all above
    } heap;
    struct {
      PageIndex index;       // in the page trees that name it
      uint32_t share_count;  // leaf nodes of page trees that name it; 0 while a page source is filling the page
    } object;
  };
  uint32_t frame;  // physical address / page size: RAM up to 16 TiB
  PageState state;
  uint8_t order;        // kFree: log2 of the block's pages
  uint16_t pin_count;   // kObject: users that forbid freeing and moving
  uint32_t page_count;  // kHeap, large allocation: its pages

  [[nodiscard]] PhysicalAddress physical_address() const { return PhysicalAddress{frame} << kPageShift; }
  // The page's bytes, in the physical map.
  template <typename T = void>
  [[nodiscard]] T* data() const {
    return arch::PhysicalToVirtual<T>(physical_address());
  }
};
static_assert(sizeof(Page) <= 48, "a large machine has many of these");

}  // namespace gk
