#include "guest/kernel/vm/pmm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "guest/kernel/vm/torture.h"
#include "tests/support/fake_arch/ram.h"

namespace gk {
namespace {

using fake_arch::FakeRam;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(Pmm, InitialisingTouchesNoPageBeyondTheFrontier) {
  const FakeRam ram({{0, 64 * kMiB}});
  const PmmStatistics statistics = GetPmmStatistics();

  EXPECT_EQ(statistics.total_pages, 64 * kMiB / kPageSize);
  EXPECT_EQ(statistics.free_pages, statistics.untouched_pages);
  EXPECT_EQ(statistics.free_pages + statistics.wired_pages, statistics.total_pages);
  EXPECT_EQ(PageOf(32 * kMiB), nullptr);
}

TEST(Pmm, FirstAllocationMovesTheFrontierByAtMostTwoMebibytes) {
  const FakeRam ram({{0, 64 * kMiB}});
  const uint64_t before = GetPmmStatistics().untouched_pages;

  Page* page = AllocatePage();

  EXPECT_LE(before - GetPmmStatistics().untouched_pages, base::kPagesPerLargePage);
  FreePage(page);
}

TEST(Pmm, EveryPageIsHandedOutOnceAndCountsReturnToTheStart) {
  const FakeRam ram({{0, 8 * kMiB}});
  const uint64_t free_pages = GetPmmStatistics().free_pages;
  std::set<PhysicalAddress> seen;
  std::vector<Page*> pages;

  while (Page* page = AllocatePage()) {
    EXPECT_TRUE(seen.insert(page->physical_address()).second);
    EXPECT_GE(page->physical_address(), FakeRam::kFreeStart);
    EXPECT_EQ(PageOf(page->physical_address()), page);
    pages.push_back(page);
  }

  EXPECT_EQ(pages.size(), free_pages);
  EXPECT_EQ(GetPmmStatistics().free_pages, 0u);
  for (Page* page : pages) {
    FreePage(page);
  }
  EXPECT_EQ(GetPmmStatistics().free_pages, free_pages);
}

TEST(Pmm, PageFreedLastIsUsedFirst) {
  const FakeRam ram;
  Page* a = AllocatePage();
  Page* b = AllocatePage();
  Page* c = AllocatePage();
  FreePage(b);

  Page* again = AllocatePage();

  EXPECT_EQ(again, b);
  FreePage(a);
  FreePage(again);
  FreePage(c);
}

TEST(Pmm, FreedPagesMergeIntoRunsAgain) {
  const FakeRam ram({{0, 8 * kMiB}});
  std::vector<Page*> pages;
  while (Page* page = AllocatePage()) {
    pages.push_back(page);
  }
  for (Page* page : pages) {
    FreePage(page);
  }

  Page* run = AllocateContiguous(base::kPagesPerLargePage, base::kLargePageSize);

  ASSERT_NE(run, nullptr);
  FreeContiguous(run, base::kPagesPerLargePage);
}

TEST(Pmm, ContiguousRunsAreAlignedAndTheirTailStaysFree) {
  const FakeRam ram;
  const uint64_t in_use = ram.pages_in_use();

  Page* run = AllocateContiguous(5, 64 * 1024);

  ASSERT_NE(run, nullptr);
  EXPECT_TRUE(base::IsAligned(run->physical_address(), 64 * 1024));
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(run[i].physical_address(), run->physical_address() + i * kPageSize);
    EXPECT_EQ(run[i].state, PageState::kAllocated);
  }
  EXPECT_EQ(ram.pages_in_use() - in_use, 5u);
  FreeContiguous(run, 5);
}

TEST(Pmm, PagesOfARunCanBeFreedOneByOne) {
  const FakeRam ram;
  Page* run = AllocateContiguous(8, kPageSize);
  for (size_t i = 0; i < 8; ++i) {
    FreePage(run + i);
  }
  EXPECT_EQ(ram.pages_in_use(), 0u);
}

TEST(Pmm, RunLargerThanRamFailsAndTakesNothing) {
  const FakeRam ram({{0, 8 * kMiB}});
  EXPECT_EQ(AllocateContiguous(4 * base::kPagesPerLargePage, kPageSize), nullptr);
  EXPECT_EQ(ram.pages_in_use(), 0u);
}

TEST(Pmm, SeveralRangesServeAndNoneOfTheHoleBetweenThem) {
  const FakeRam ram({{0, 4 * kMiB}, {4 * kGiB, 4 * kMiB}});
  std::vector<Page*> pages;
  bool above = false;
  while (Page* page = AllocatePage()) {
    EXPECT_TRUE(IsRam(page->physical_address(), kPageSize));
    above = above || page->physical_address() >= 4 * kGiB;
    pages.push_back(page);
  }
  EXPECT_TRUE(above);
  EXPECT_FALSE(IsRam(4 * kMiB, kPageSize));
  EXPECT_FALSE(IsRam(4 * kMiB - kPageSize, 2 * kPageSize));
  EXPECT_EQ(PageOf(kGiB), nullptr);
  for (Page* page : pages) {
    FreePage(page);
  }
}

TEST(Pmm, RangeOfAnUnevenSizeIsUsedToItsEnd) {
  const FakeRam ram({{0, 4 * kMiB + 7 * kPageSize}});
  std::vector<Page*> pages;
  PhysicalAddress highest = 0;
  while (Page* page = AllocatePage()) {
    highest = std::max(highest, page->physical_address());
    pages.push_back(page);
  }
  EXPECT_EQ(highest, 4 * kMiB + 6 * kPageSize);
  for (Page* page : pages) {
    FreePage(page);
  }
}

TEST(Pmm, ReleasedBootMemoryIsServed) {
  const FakeRam ram({{0, 8 * kMiB}});
  const PmmStatistics before = GetPmmStatistics();
  EXPECT_EQ(PageOf(256 * 1024)->state, PageState::kWired);

  ReleaseBootMemory(256 * 1024, 512 * 1024);

  EXPECT_EQ(GetPmmStatistics().free_pages, before.free_pages + 128);
  EXPECT_EQ(GetPmmStatistics().wired_pages, before.wired_pages - 128);
  Page* page = AllocatePage();
  EXPECT_LT(page->physical_address(), FakeRam::kFreeStart);
  FreePage(page);
}

TEST(Pmm, ZeroedPageHoldsZeroesWhateverWasThere) {
  const FakeRam ram;
  Page* page = AllocatePage();
  std::fill_n(page->data<uint8_t>(), kPageSize, uint8_t{0xee});
  FreePage(page);

  Page* zeroed = AllocateZeroedPage();

  EXPECT_EQ(std::count(zeroed->data<uint8_t>(), zeroed->data<uint8_t>() + kPageSize, 0), 4096);
  FreePage(zeroed);
}

TEST(Pmm, ChosenAllocationFailsAndOnlyThat) {
  const FakeRam ram;
  torture::FailAllocation(2);
  Page* first = AllocatePage();
  Page* second = AllocatePage();
  Page* third = AllocatePage();
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(second, nullptr);
  EXPECT_NE(third, nullptr);
  EXPECT_TRUE(torture::HasFailed());
  FreePage(first);
  FreePage(third);
}

TEST(PmmDeathTest, FreeingAPageTwiceIsFound) {
  const FakeRam ram;
  Page* page = AllocatePage();
  FreePage(page);
  EXPECT_DEATH(FreePage(page), "assertion failed");
}

TEST(PmmDeathTest, FreeingAPinnedPageIsFound) {
  FakeRam ram;
  ram.AllowLeaks();
  Page* page = AllocatePage();
  page->pin_count = 1;
  EXPECT_DEATH(FreePage(page), "assertion failed");
}

#if defined(__SANITIZE_ADDRESS__)
TEST(PmmDeathTest, UseOfAFreePageIsFound) {
  const FakeRam ram;
  Page* page = AllocatePage();
  auto* bytes = page->data<volatile uint8_t>();
  FreePage(page);
  EXPECT_DEATH(bytes[0] = 1, "use-after-poison");
}
#endif

TEST(Pmm, PagesAreCountedByWhatTheyAreFor) {
  const FakeRam ram({{0, 8 * kMiB}});
  Page* table = AllocatePage();
  Page* object = AllocateContiguous(2, kPageSize);
  SetPageState(*table, PageState::kTable);
  SetPageState(object[0], PageState::kObject);
  SetPageState(object[1], PageState::kObject);
  EXPECT_EQ(GetPmmStatistics().table_pages, 1u);
  EXPECT_EQ(GetPmmStatistics().object_pages, 2u);
  FreePage(table);
  FreeContiguous(object, 2);
  EXPECT_EQ(GetPmmStatistics().table_pages, 0u);
  EXPECT_EQ(GetPmmStatistics().object_pages, 0u);
  EXPECT_EQ(GetPmmStatistics().heap_pages, 0u);
}

}  // namespace
}  // namespace gk
