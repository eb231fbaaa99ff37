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

// How many pages one fault enters at most where no large page is: those of an aligned part of the object.
inline constexpr PageIndex kFaultWindowPages = 64;

class PagedContent;

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

// Whether a page of content with a source says something that its source does not know yet. Writeback is what the pager
// does between kAwaitingClean and kClean; a page that is written meanwhile is dirty anew.
//
//              write, ZX_PAGER_OP_DIRTY             WRITEBACK_BEGIN                    WRITEBACK_END
//     kClean ---------------------------> kDirty ------------------> kAwaitingClean -----------------> kClean
//                                            ^         write, OP_DIRTY      |
//                                            +------------------------------+
enum class DirtyState : uint8_t {
  kUntracked,  // of content without a source: nobody is to be told of changes
  kClean,
  kDirty,
  kAwaitingClean,
};

// What has been said about how soon the page will be wanted again.
enum class PageHint : uint8_t {
  kNone,
  kDontNeed,    // a program: ZX_VMO_OP_DONT_NEED, until somebody uses it all the same
  kAlwaysNeed,  // a program: ZX_VMO_OP_ALWAYS_NEED
  kAhead,       // its source: it was brought unasked, because somebody is going to use it, and nobody has yet
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
      PageIndex index;          // in the page trees that name it
      uint32_t share_count;     // leaf nodes of page trees that name it, and lendings; 0 while a source fills the page
      uint32_t use_stamp;       // when it was used, for reclaim
      uint32_t next_frame;      // of the pages that reclaim considers
      uint32_t previous_frame;  // likewise
      PagedContent* owner;      // the content with a source whose tree names it; null: it is in no such tree
    } object;
  };
  uint32_t frame;  // physical address / page size: RAM up to 16 TiB
  PageState state;
  uint8_t order;             // kFree: log2 of the block's pages
  uint16_t pin_count;        // kObject: users that forbid freeing and moving
  uint32_t page_count;       // kHeap, large allocation: its pages
  DirtyState dirty_state;    // kObject
  PageHint hint;             // kObject
  uint16_t write_pin_count;  // kObject: those of its pins whose user may write

  // kObject: a store needs no further step, as far as its state is concerned.
  [[nodiscard]] bool may_be_written() const {
    return dirty_state == DirtyState::kUntracked || dirty_state == DirtyState::kDirty;
  }
  [[nodiscard]] PhysicalAddress physical_address() const { return PhysicalAddress{frame} << kPageShift; }
  // The page's bytes, in the physical map.
  template <typename T = void>
  [[nodiscard]] T* data() const {
    return arch::PhysicalToVirtual<T>(physical_address());
  }
};
static_assert(sizeof(Page) <= 48, "a large machine has many of these");

}  // namespace gk
