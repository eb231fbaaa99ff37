// What a pager is told about its VMOs: dirty ranges, as far as they fit, and whether anything was modified.
#include <array>

#include "tests/guest/kernel/syscall/pager_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

constexpr zx_handle_t kNoHandle = 3;  // looks like one

class PagerQueryTest : public test::PagerTest {
 protected:
  static constexpr size_t kRange = sizeof(zx_vmo_dirty_range_t);
  static constexpr uint64_t kUnset = 77;

  PagerQueryTest()
      : ranges_(MapMemory(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 4 * kPageSize)),
        actual_(Put(kUnset)),
        available_(Put(kUnset)),
        stats_(Put(zx_pager_vmo_stats_t{})) {}

  int64_t Query(zx_handle_t pager, zx_handle_t vmo, uint64_t offset, uint64_t length, VirtualAddress buffer,
                size_t size) {
    return Call(Syscall::pager_query_dirty_ranges, pager, vmo, offset, length, buffer, size, actual_, available_);
  }
  uint64_t Actual() { return Get<uint64_t>(actual_); }
  uint64_t Available() { return Get<uint64_t>(available_); }
  zx_vmo_dirty_range_t Range(size_t index) { return Get<zx_vmo_dirty_range_t>(ranges_ + index * kRange); }
  int64_t Stats(zx_handle_t vmo, uint32_t options = ZX_PAGER_RESET_VMO_STATS) {
    return Call(Syscall::pager_query_vmo_stats, pager_, vmo, options, stats_, sizeof(zx_pager_vmo_stats_t));
  }
  uint32_t Modified() { return Get<zx_pager_vmo_stats_t>(stats_).modified; }
  void WritePage(zx_handle_t vmo, uint64_t page) {
    EXPECT_EQ(Call(Syscall::vmo_write, vmo, buffer_, page * kPageSize, 1ul), ZX_OK);
  }
  // Present pages of which every second one, the first among them, is dirty.
  zx_handle_t CreateStriped(uint64_t pages) {
    const zx_handle_t vmo = CreatePagerVmo(pages);
    EXPECT_EQ(Supply(vmo, 0, pages), ZX_OK);
    for (uint64_t page = 0; page < pages; page += 2) {
      WritePage(vmo, page);
    }
    return vmo;
  }

  VirtualAddress ranges_, actual_, available_, stats_;
};

TEST_F(PagerQueryTest, BothQueriesCheckHandlesTypesRightsAndWhoseVmoItIs) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  const zx_handle_t other = CreateVmo(kPageSize);
  const zx_handle_t stranger = CreatePager();
  const struct {
    zx_handle_t pager, vmo;
    zx_status_t status;
  } cases[] = {{kNoHandle, vmo, ZX_ERR_BAD_HANDLE},
               {pager_, kNoHandle, ZX_ERR_BAD_HANDLE},
               {vmo, vmo, ZX_ERR_WRONG_TYPE},
               {pager_, pager_, ZX_ERR_WRONG_TYPE},
               {Without(pager_, ZX_RIGHT_MANAGE_VMO), vmo, ZX_ERR_ACCESS_DENIED},
               {pager_, Without(vmo, ZX_RIGHT_READ), ZX_ERR_ACCESS_DENIED},
               {pager_, other, ZX_ERR_INVALID_ARGS},
               {stranger, vmo, ZX_ERR_INVALID_ARGS}};
  for (const auto& [pager, handle, status] : cases) {
    EXPECT_EQ(Query(pager, handle, 0, kPageSize, ranges_, kRange), status);
    EXPECT_EQ(Call(Syscall::pager_query_vmo_stats, pager, handle, 0u, stats_, sizeof(zx_pager_vmo_stats_t)), status);
  }
  EXPECT_EQ(Query(pager_, vmo, 0, 2 * kPageSize, ranges_, kRange), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Query(pager_, vmo, kPageSize, 1, ranges_, kRange), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Query(pager_, vmo, 1, UINT64_MAX, ranges_, kRange), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Actual(), kUnset);
  EXPECT_EQ(Available(), kUnset);
}

TEST_F(PagerQueryTest, AFormerPagersVmoIsNotAnotherPagers) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  Close(pager_);
  pager_ = CreatePager();
  EXPECT_EQ(Stats(vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Query(pager_, vmo, 0, kPageSize, 0, 0), ZX_ERR_INVALID_ARGS);
}

TEST_F(PagerQueryTest, AnEmptyVmoHasNoDirtyRanges) {
  EXPECT_EQ(Query(pager_, CreatePagerVmo(0), 0, 0, 0, 0), ZX_OK);
  EXPECT_EQ(Available(), 0u);
}

TEST_F(PagerQueryTest, TheBufferTakesWhatFitsAndAvailableCountsAll) {
  const zx_handle_t vmo = CreateStriped(3);
  EXPECT_EQ(Query(pager_, vmo, 0, 3 * kPageSize, ranges_, 8), ZX_OK);
  EXPECT_EQ(Actual(), 0u);
  EXPECT_EQ(Available(), 2u);
  EXPECT_EQ(Query(pager_, vmo, 0, 3 * kPageSize, ranges_, 2 * kRange - 1), ZX_OK);
  EXPECT_EQ(Actual(), 1u);
  EXPECT_EQ(Available(), 2u);
  EXPECT_EQ(Range(0).offset, 0u);
  EXPECT_EQ(Range(0).length, kPageSize);
  EXPECT_EQ(Range(0).options, 0u);
  EXPECT_EQ(Query(pager_, vmo, 0, 3 * kPageSize, ranges_, 2 * kRange), ZX_OK);
  EXPECT_EQ(Actual(), 2u);
  EXPECT_EQ(Range(1).offset, 2 * kPageSize);
}

TEST_F(PagerQueryTest, CountsAreOptional) {
  const zx_handle_t vmo = CreateStriped(3);
  EXPECT_EQ(Call(Syscall::pager_query_dirty_ranges, pager_, vmo, 0, 3 * kPageSize, ranges_, kRange, 0, 0), ZX_OK);
  EXPECT_EQ(Range(0).length, kPageSize);
  EXPECT_EQ(Call(Syscall::pager_query_dirty_ranges, pager_, vmo, 0, 3 * kPageSize, 0, 0, 0, available_), ZX_OK);
  EXPECT_EQ(Available(), 2u);
  EXPECT_EQ(Call(Syscall::pager_query_dirty_ranges, pager_, vmo, 0, kPageSize, ranges_, kRange, kBadAddress, 0),
            ZX_ERR_INVALID_ARGS);
}

TEST_F(PagerQueryTest, TheRangeIsRoundedToPages) {
  const zx_handle_t vmo = CreateStriped(3);
  EXPECT_EQ(Query(pager_, vmo, kPageSize - 1, 2, ranges_, 2 * kRange), ZX_OK);
  EXPECT_EQ(Actual(), 1u);
  EXPECT_EQ(Range(0).offset, 0u);
  EXPECT_EQ(Query(pager_, vmo, kPageSize, kPageSize, ranges_, 2 * kRange), ZX_OK);
  EXPECT_EQ(Available(), 0u);
  EXPECT_EQ(Query(pager_, vmo, 1, 0, ranges_, 2 * kRange), ZX_OK);
  EXPECT_EQ(Available(), 0u);
}

TEST_F(PagerQueryTest, MoreRangesThanTheKernelGathersAtOnceComeInOrderAndOnce) {
  constexpr uint64_t kRanges = 150;
  const zx_handle_t vmo = CreateStriped(2 * kRanges);
  EXPECT_EQ(Query(pager_, vmo, 0, 2 * kRanges * kPageSize, ranges_, 100 * kRange), ZX_OK);
  EXPECT_EQ(Actual(), 100u);
  EXPECT_EQ(Available(), kRanges);
  EXPECT_EQ(Query(pager_, vmo, 0, 2 * kRanges * kPageSize, ranges_, 4 * kPageSize), ZX_OK);
  ASSERT_EQ(Actual(), kRanges);
  for (size_t i = 0; i < kRanges; ++i) {
    EXPECT_EQ(Range(i).offset, 2 * i * kPageSize);
    EXPECT_EQ(Range(i).length, kPageSize);
  }
}

TEST_F(PagerQueryTest, WhatGrowthAddedIsOneZeroRange) {
  const zx_handle_t vmo = CreatePagerVmo(1, ZX_VMO_RESIZABLE);
  EXPECT_EQ(Call(Syscall::vmo_set_size, vmo, 4 * kPageSize), ZX_OK);
  EXPECT_EQ(Query(pager_, vmo, 0, 4 * kPageSize, ranges_, 2 * kRange), ZX_OK);
  ASSERT_EQ(Actual(), 1u);
  EXPECT_EQ(Range(0).offset, kPageSize);
  EXPECT_EQ(Range(0).length, 3 * kPageSize);
  EXPECT_EQ(Range(0).options, ZX_VMO_DIRTY_RANGE_IS_ZERO);
}

TEST_F(PagerQueryTest, ABadBufferIsAnErrorWhenThereIsSomethingToStore) {
  const zx_handle_t vmo = CreateStriped(1);
  EXPECT_EQ(Query(pager_, vmo, 0, kPageSize, 0xffff'ffff'0000'0000, kRange), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Query(pager_, CreatePagerVmo(1), 0, kPageSize, 0xffff'ffff'0000'0000, kRange), ZX_OK);
}

TEST_F(PagerQueryTest, StatsSayOnceThatTheVmoWasModifiedAndWithoutResetAgain) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  EXPECT_EQ(Stats(vmo), ZX_OK);
  EXPECT_EQ(Modified(), 0u);
  WritePage(vmo, 0);
  EXPECT_EQ(Stats(vmo, 0), ZX_OK);
  EXPECT_EQ(Modified(), ZX_PAGER_VMO_STATS_MODIFIED);
  EXPECT_EQ(Stats(vmo), ZX_OK);
  EXPECT_EQ(Modified(), ZX_PAGER_VMO_STATS_MODIFIED);
  EXPECT_EQ(Stats(vmo), ZX_OK);
  EXPECT_EQ(Modified(), 0u);
}

TEST_F(PagerQueryTest, AnAnswerThatCannotBeStoredResetsNothing) {
  const zx_handle_t vmo = CreateStriped(1);
  EXPECT_EQ(Stats(vmo, 2), ZX_ERR_INVALID_ARGS);
  constexpr uint32_t kReset = ZX_PAGER_RESET_VMO_STATS;
  EXPECT_EQ(Call(Syscall::pager_query_vmo_stats, pager_, vmo, kReset, stats_, 3ul), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Call(Syscall::pager_query_vmo_stats, pager_, vmo, kReset, kBadAddress, 4ul), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Stats(vmo), ZX_OK);
  EXPECT_EQ(Modified(), ZX_PAGER_VMO_STATS_MODIFIED);
}

}  // namespace
}  // namespace gk
