#include "guest/kernel/vm/pmm.h"

#include <bit>

#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/buddy.h"
#include "guest/kernel/vm/page_poison.h"
#include "guest/kernel/vm/page_queue.h"
#include "guest/kernel/vm/torture.h"

namespace gk {
namespace {

constexpr size_t kPageStates = static_cast<size_t>(PageState::kObject) + 1;
constexpr uint64_t kFrontierStep = base::kPagesPerLargePage;

// One contiguous range of RAM, in frames (absolute page numbers):
//   [first, boot_end)       in use before the pmm; the Page structures are initialised, kWired
//   [boot_end, usable)      the array of Page structures; has no Page structures itself
//   [usable, frontier)      handed out at least once, or free in the buddy lists
//   [frontier, end)         never touched
struct Range {
  uint64_t first = 0;
  uint64_t boot_end = 0;
  uint64_t usable = 0;
  uint64_t frontier = 0;
  uint64_t end = 0;
  Page* pages = nullptr;  // the array; element 0 belongs to frame `first`

  [[nodiscard]] Page* PageOfFrame(uint64_t frame) const { return pages + (frame - first); }
  [[nodiscard]] bool Knows(uint64_t frame) const { return frame < boot_end || (frame >= usable && frame < frontier); }
};

Page* PageOfFrame(uint64_t frame);

struct Pmm {
  Range ranges[abi::kMaxMemoryRanges];
  size_t range_count = 0;
  BuddyLists free_blocks{PageOfFrame};
  uint64_t free_pages = 0;  // in free_blocks
  uint64_t untouched_pages = 0;
  uint64_t total_pages = 0;
  uint64_t wired_pages = 0;
  uint64_t pages_in_state[kPageStates] = {};  // of those that are taken: kAllocated, kTable, kHeap, kObject
  Page* zero_page = nullptr;
};
constinit Pmm g_pmm;

std::span<Range> Ranges() { return {g_pmm.ranges, g_pmm.range_count}; }

Page* PageOfFrame(uint64_t frame) {
  for (const Range& range : Ranges()) {
    if (frame >= range.first && frame < range.end) {
      return range.Knows(frame) ? range.PageOfFrame(frame) : nullptr;
    }
  }
  return nullptr;
}

Range MakeRange(const abi::MemoryRange& memory, PhysicalAddress free_start) {
  Range range;
  range.first = memory.base >> kPageShift;
  range.end = (memory.base + memory.size) >> kPageShift;
  range.boot_end = free_start > memory.base ? free_start >> kPageShift : range.first;
  const uint64_t array_bytes = (range.end - range.first) * sizeof(Page);
  range.usable = range.boot_end + (base::AlignUp(array_bytes, kPageSize) >> kPageShift);
  GK_ASSERT(range.boot_end <= range.end && range.usable <= range.end);
  range.frontier = range.usable;
  range.pages = arch::PhysicalToVirtual<Page>(range.boot_end << kPageShift);
  for (uint64_t frame = range.first; frame < range.boot_end; ++frame) {
    *range.PageOfFrame(frame) = Page{.free = {},
                                     .frame = static_cast<uint32_t>(frame),
                                     .state = PageState::kWired,
                                     .order = 0,
                                     .pin_count = 0,
                                     .page_count = 0,
                                     .dirty_state = DirtyState::kUntracked,
                                     .hint = PageHint::kNone,
                                     .write_pin_count = 0};
  }
  page_poison::Forbid(range.usable << kPageShift, range.end - range.usable);
  return range;
}

// Adds any run of frames to the free blocks, in the largest naturally aligned pieces.
void AddRun(uint64_t frame, uint64_t count) {
  g_pmm.free_pages += count;
  while (count != 0) {
    const unsigned aligned = frame == 0 ? BuddyLists::kOrders : static_cast<unsigned>(std::countr_zero(frame));
    const unsigned fitting = static_cast<unsigned>(std::bit_width(count)) - 1;
    unsigned order = aligned < fitting ? aligned : fitting;
    order = order < BuddyLists::kOrders ? order : BuddyLists::kOrders - 1;
    g_pmm.free_blocks.Add(frame, order);
    frame += uint64_t{1} << order;
    count -= uint64_t{1} << order;
  }
}

// Moves the frontier of some range up to the next boundary of `step` frames. False when all RAM has been touched.
bool AdvanceFrontier(uint64_t step) {
  for (Range& range : Ranges()) {
    if (range.frontier == range.end) {
      continue;
    }
    const uint64_t from = range.frontier;
    const uint64_t to = base::AlignUp(from + 1, step);
    range.frontier = to < range.end ? to : range.end;
    g_pmm.untouched_pages -= range.frontier - from;
    AddRun(from, range.frontier - from);
    return true;
  }
  return false;
}

Page* TakeBlock(unsigned order) {
  if (order >= BuddyLists::kOrders || torture::ShouldFail()) {
    return nullptr;
  }
  const uint64_t block = uint64_t{1} << order;
  while (!g_pmm.free_blocks.Has(order)) {
    if (!AdvanceFrontier(block > kFrontierStep ? block : kFrontierStep)) {
      return nullptr;
    }
  }
  g_pmm.free_pages -= block;
  return g_pmm.free_blocks.Take(order);
}

void MarkAllocated(Page* page, uint64_t frame) {
  *page = Page{.free = {},
               .frame = static_cast<uint32_t>(frame),
               .state = PageState::kAllocated,
               .order = 0,
               .pin_count = 0,
               .page_count = 0,
               .dirty_state = DirtyState::kUntracked,
               .hint = PageHint::kNone,
               .write_pin_count = 0};
}

uint64_t& PagesIn(PageState state) { return g_pmm.pages_in_state[static_cast<size_t>(state)]; }

void CheckFreeable(const Page& page) {
  GK_ASSERT(page.state != PageState::kFree && page.state != PageState::kFreeTail && page.state != PageState::kWired);
  GK_ASSERT(page.pin_count == 0);
  GK_ASSERT(page.state != PageState::kObject || !PageQueue::IsQueued(page));
}

}  // namespace

void PmmInit(std::span<const abi::MemoryRange> ranges, PhysicalAddress free_start) {
  GK_ASSERT(ranges.size() <= abi::kMaxMemoryRanges && base::IsPageAligned(free_start));
  g_pmm = Pmm{};
  for (const abi::MemoryRange& memory : ranges) {
    const Range range = MakeRange(memory, free_start);
    g_pmm.ranges[g_pmm.range_count++] = range;
    g_pmm.total_pages += range.end - range.first;
    g_pmm.untouched_pages += range.end - range.frontier;
    g_pmm.wired_pages += range.usable - range.first;
  }
}

Page* AllocatePage() {
  Page* page = TakeBlock(0);
  if (page != nullptr) {
    MarkAllocated(page, page->frame);
    ++PagesIn(PageState::kAllocated);
    page_poison::Allow(page->physical_address(), 1);
  }
  return page;
}

Page* AllocateZeroedPage() {
  Page* page = AllocatePage();
  if (page != nullptr) {
    ZeroPage(*page);
  }
  return page;
}

void FreePage(Page* page) { FreeContiguous(page, 1); }

Page* AllocateContiguous(size_t count, uint64_t alignment) {
  GK_ASSERT(count != 0 && base::IsPowerOfTwo(alignment) && alignment >= kPageSize);
  const uint64_t wanted = count > alignment / kPageSize ? count : alignment / kPageSize;
  const unsigned order = static_cast<unsigned>(std::bit_width(wanted - 1));
  Page* first = TakeBlock(order);
  if (first == nullptr) {
    return nullptr;
  }
  const uint64_t frame = first->frame;
  for (size_t i = 0; i < count; ++i) {
    MarkAllocated(first + i, frame + i);
  }
  PagesIn(PageState::kAllocated) += count;
  AddRun(frame + count, (uint64_t{1} << order) - count);
  page_poison::Allow(first->physical_address(), count);
  return first;
}

bool HasRun(size_t count) {
  for (const Range& range : Ranges()) {
    const uint64_t next = base::AlignUp(range.frontier, count);
    if (next < range.end && range.end - next >= count) {
      return true;
    }
  }
  return g_pmm.free_blocks.Has(static_cast<unsigned>(std::bit_width(count)) - 1);
}

void FreeContiguous(Page* first, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    CheckFreeable(first[i]);
    --PagesIn(first[i].state);
    first[i].state = PageState::kFreeTail;
  }
  page_poison::Fill(first->physical_address(), count);
  page_poison::Forbid(first->physical_address(), count);
  AddRun(first->frame, count);
}

void ReleaseBootMemory(PhysicalAddress base, uint64_t size) {
  const uint64_t frame = base >> kPageShift;
  const uint64_t count = size >> kPageShift;
  GK_ASSERT(base::IsPageAligned(base) && base::IsPageAligned(size));
  for (uint64_t i = 0; i < count; ++i) {
    Page* page = PageOfFrame(frame + i);
    GK_ASSERT(page != nullptr && page->state == PageState::kWired);
    page->state = PageState::kFreeTail;
  }
  g_pmm.wired_pages -= count;
  AddRun(frame, count);
}

Page* PageOf(PhysicalAddress address) { return PageOfFrame(address >> kPageShift); }

bool IsRam(PhysicalAddress address, uint64_t size) {
  for (const Range& range : Ranges()) {
    const uint64_t base = range.first << kPageShift;
    if (address >= base && base::RangeFits(address - base, size, (range.end << kPageShift) - base)) {
      return true;
    }
  }
  return false;
}

void SetPageState(Page& page, PageState state) {
  GK_ASSERT(page.state == PageState::kAllocated || state == PageState::kAllocated);
  GK_ASSERT(state != PageState::kFree && state != PageState::kFreeTail && state != PageState::kWired);
  --PagesIn(page.state);
  ++PagesIn(state);
  page.state = state;
}

void ZeroPage(Page& page) { memset(page.data(), 0, kPageSize); }

Page* SharedZeroPage() {
  if (g_pmm.zero_page == nullptr) {
    g_pmm.zero_page = AllocateZeroedPage();
    if (g_pmm.zero_page != nullptr) {
      g_pmm.zero_page->state = PageState::kWired;
      --PagesIn(PageState::kAllocated);
      ++g_pmm.wired_pages;
    }
  }
  return g_pmm.zero_page;
}

PmmStatistics GetPmmStatistics() {
  return {.total_pages = g_pmm.total_pages,
          .free_pages = FreePageCount(),
          .untouched_pages = g_pmm.untouched_pages,
          .wired_pages = g_pmm.wired_pages,
          .table_pages = PagesIn(PageState::kTable),
          .heap_pages = PagesIn(PageState::kHeap),
          .object_pages = PagesIn(PageState::kObject)};
}

uint64_t FreePageCount() { return g_pmm.free_pages + g_pmm.untouched_pages; }
uint64_t TotalPageCount() { return g_pmm.total_pages; }

}  // namespace gk
