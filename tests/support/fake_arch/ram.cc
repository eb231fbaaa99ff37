#include "tests/support/fake_arch/ram.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/lib/page_heap.h"
#include "guest/kernel/vm/page_poison.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/torture.h"
#include "tests/support/fake_arch/mmu.h"

namespace gk {
namespace arch {

uintptr_t physical_map_base = 0;

}  // namespace arch

namespace fake_arch {
namespace {

// Real RAM holds whatever it held before; code that relies on zeroes must fail. Only a small part is spoilt, because
// the point of large RAM in a test is that nobody touches it.
constexpr uint64_t kSpoiltBytes = uint64_t{4} << 20;

uint64_t PagesInUse() {
  const PmmStatistics statistics = GetPmmStatistics();
  return statistics.total_pages - statistics.free_pages - statistics.wired_pages;
}

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "fake RAM: %s\n", what);
  std::abort();
}

}  // namespace

FakeRam::FakeRam(std::initializer_list<abi::MemoryRange> ranges, PhysicalAddress free_start) : ranges_(ranges) {
  if (arch::physical_map_base != 0) {
    Fail("there is one already");
  }
  span_ = ranges_.back().base + ranges_.back().size + base::kLargePageSize;
  buffer_ = mmap(nullptr, span_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (buffer_ == MAP_FAILED) {
    Fail("no memory");
  }
  arch::physical_map_base = base::AlignUp(reinterpret_cast<uintptr_t>(buffer_), base::kLargePageSize);
  for (const abi::MemoryRange& range : ranges_) {
    std::memset(arch::PhysicalToVirtual(range.base), 0xcd, std::min(range.size, kSpoiltBytes));
  }
  torture::FailAllocation(0);
  torture::FailEveryAllocation(0);
  ResetMmu();
  PmmInit(ranges_, free_start);
  reclaim::expected_pages = 0;
  page_heap::Reset();
  initially_in_use_ = PagesInUse();
}

FakeRam::~FakeRam() {
  torture::FailAllocation(0);
  torture::FailEveryAllocation(0);
  if (check_leaks_ && pages_in_use() != 0) {
    Fail("pages were not given back");
  }
  for (const abi::MemoryRange& range : ranges_) {
    page_poison::Allow(range.base, range.size / kPageSize);
  }
  ResetMmu();
  PmmInit({}, 0);
  arch::physical_map_base = 0;
  munmap(buffer_, span_);
}

uint64_t FakeRam::pages_in_use() const { return PagesInUse() - initially_in_use_; }

}  // namespace fake_arch
}  // namespace gk
