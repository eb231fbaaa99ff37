// zx_pager_query_dirty_ranges and zx_pager_query_vmo_stats: their arguments and the form of their answers.
#include "tests/conformance/pager_handles.h"

namespace conformance {
namespace {

class PagerQuery : public PagerHandles {
 protected:
  void SetUp() override {
    PagerHandles::SetUp();
    ASSERT_OK(pager_.create_vmo(0, port_, 3, 8 * kPageSize, &written_));
    ASSERT_OK(pager_.supply_pages(written_, 0, 8 * kPageSize, MakeVmo(8), 0));
  }
  // Makes pages of written_ dirty.
  void Write(std::initializer_list<uint64_t> pages) const {
    for (const uint64_t page : pages) {
      ASSERT_OK(SetTag(written_, page, 1));
    }
  }
  // How many ranges a query of this range of written_ says there are.
  [[nodiscard]] size_t Available(uint64_t offset, uint64_t length) const {
    size_t available = SIZE_MAX;
    EXPECT_OK(pager_.query_dirty_ranges(written_, offset, length, nullptr, 0, nullptr, &available));
    return available;
  }
  zx_status_t Ranges(const zx::vmo& vmo, uint64_t offset, uint64_t length) const {
    zx_vmo_dirty_range_t range = {};
    return pager_.query_dirty_ranges(vmo, offset, length, &range, sizeof(range), nullptr, nullptr);
  }
  zx_status_t Stats(const zx::vmo& vmo, uint32_t options) const {
    zx_pager_vmo_stats_t stats = {};
    return pager_.query_vmo_stats(vmo, options, &stats, sizeof(stats));
  }

  zx::vmo written_;  // 8 pages of the pager, all there, without ZX_VMO_TRAP_DIRTY
};

// ---- query_dirty_ranges: arguments
// -----------------------------------------------------------------------------------

// pager query_dirty_ranges | pager or pager_vmo is not a valid handle | BAD_HANDLE
// pager query_vmo_stats | pager or pager_vmo is not a valid handle | BAD_HANDLE
TEST_F(PagerQuery, NoHandleIsRefused) {
  zx_vmo_dirty_range_t range = {};
  zx_pager_vmo_stats_t stats = {};
  for (const zx_handle_t none : {ZX_HANDLE_INVALID, kNoSuchHandle}) {
    EXPECT_STATUS(zx_pager_query_dirty_ranges(none, vmo_.get(), 0, kPageSize, &range, sizeof(range), nullptr, nullptr),
                  ZX_ERR_BAD_HANDLE);
    EXPECT_STATUS(
        zx_pager_query_dirty_ranges(pager_.get(), none, 0, kPageSize, &range, sizeof(range), nullptr, nullptr),
        ZX_ERR_BAD_HANDLE);
    EXPECT_STATUS(zx_pager_query_vmo_stats(none, vmo_.get(), 0, &stats, sizeof(stats)), ZX_ERR_BAD_HANDLE);
    EXPECT_STATUS(zx_pager_query_vmo_stats(pager_.get(), none, 0, &stats, sizeof(stats)), ZX_ERR_BAD_HANDLE);
  }
}

// pager query_dirty_ranges | pager is not a pager handle, or pager_vmo is not a VMO handle | WRONG_TYPE
// pager query_vmo_stats | pager is not a pager handle, or pager_vmo is not a VMO handle | WRONG_TYPE
TEST_F(PagerQuery, OtherHandlesAreRefused) {
  zx_vmo_dirty_range_t range = {};
  zx_pager_vmo_stats_t stats = {};
  EXPECT_STATUS(
      zx_pager_query_dirty_ranges(vmo_.get(), vmo_.get(), 0, kPageSize, &range, sizeof(range), nullptr, nullptr),
      ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_pager_query_vmo_stats(vmo_.get(), vmo_.get(), 0, &stats, sizeof(stats)), ZX_ERR_WRONG_TYPE);
  for (const zx_handle_t other : {port_.get(), pager_.get()}) {
    EXPECT_STATUS(
        zx_pager_query_dirty_ranges(pager_.get(), other, 0, kPageSize, &range, sizeof(range), nullptr, nullptr),
        ZX_ERR_WRONG_TYPE);
    EXPECT_STATUS(zx_pager_query_vmo_stats(pager_.get(), other, 0, &stats, sizeof(stats)), ZX_ERR_WRONG_TYPE);
  }
}

// pager query_dirty_ranges | pager_vmo was not created from pager | INVALID_ARGS
// pager query_vmo_stats | pager_vmo was not created from pager | INVALID_ARGS
TEST_F(PagerQuery, ForeignVmosAreRefused) {
  const zx::vmo slice = MakeChild(vmo_, ZX_VMO_CHILD_SLICE, 0, 1);
  const zx::vmo copy = MakeChild(vmo_, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  for (const zx::vmo* vmo : std::initializer_list<const zx::vmo*>{&plain_, &foreign_, &slice, &copy}) {
    EXPECT_STATUS(Ranges(*vmo, 0, kPageSize), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(Stats(*vmo, 0), ZX_ERR_INVALID_ARGS);
  }
}

// real query_dirty_ranges | pager does not have ZX_RIGHT_MANAGE_VMO | ACCESS_DENIED
// real query_vmo_stats | pager does not have ZX_RIGHT_MANAGE_VMO | ACCESS_DENIED
TEST_F(PagerQuery, NeedsTheRightToManage) {
  Forgo(ZX_RIGHT_MANAGE_VMO);
  EXPECT_STATUS(Ranges(vmo_, 0, kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(Stats(vmo_, 0), ZX_ERR_ACCESS_DENIED);
}

// real query_dirty_ranges | pager_vmo does not have ZX_RIGHT_READ | ACCESS_DENIED
// real query_vmo_stats | pager_vmo does not have ZX_RIGHT_READ | ACCESS_DENIED
TEST_F(PagerQuery, NeedsTheRightToRead) {
  const zx::vmo vmo = VmoWithout(ZX_RIGHT_READ);
  EXPECT_STATUS(Ranges(vmo, 0, kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(Stats(vmo, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(Ranges(VmoWithout(ZX_RIGHT_WRITE), 0, kPageSize));
  EXPECT_OK(Stats(VmoWithout(ZX_RIGHT_WRITE), 0));
}

// pager query_dirty_ranges | the range is beyond the end of pager_vmo | OUT_OF_RANGE
TEST_F(PagerQuery, RangesBeyondTheEndAreRefused) {
  EXPECT_STATUS(Ranges(vmo_, kPageSize, kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Ranges(vmo_, 0, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Ranges(vmo_, kPageSize, UINT64_MAX - kPageSize + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_OK(Ranges(vmo_, kPageSize, 0));
}

// real query_dirty_ranges | buffer, actual or avail is an invalid pointer | INVALID_ARGS
TEST_F(PagerQuery, InvalidPointersAreRefused) {
  Write({0});
  constexpr size_t kSize = sizeof(zx_vmo_dirty_range_t);
  zx_vmo_dirty_range_t range = {};
  for (const uintptr_t address : {uintptr_t{0xffff'ffff'0000'0000}, kKernelAddress, kUnmapped}) {
    EXPECT_STATUS(pager_.query_dirty_ranges(written_, 0, kPageSize, AtAddress<void>(address), kSize, nullptr, nullptr),
                  ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.query_dirty_ranges(written_, 0, kPageSize, &range, kSize, AtAddress<size_t>(address), nullptr),
                  ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.query_dirty_ranges(written_, 0, kPageSize, &range, kSize, nullptr, AtAddress<size_t>(address)),
                  ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.query_vmo_stats(written_, 0, AtAddress<void>(address), sizeof(zx_pager_vmo_stats_t)),
                  ZX_ERR_INVALID_ARGS);
  }
}

// ---- query_dirty_ranges: answers
// -------------------------------------------------------------------------------------

// pager query_dirty_ranges | contiguous runs of dirty pages | one entry for each, in order; clean and absent pages are
// none
TEST_F(PagerQuery, RunsAreListedInOrder) {
  Write({6, 1, 2, 4});
  zx_vmo_dirty_range_t ranges[4] = {};
  size_t actual = 0;
  size_t available = 0;
  ASSERT_OK(pager_.query_dirty_ranges(written_, 0, 8 * kPageSize, ranges, sizeof(ranges), &actual, &available));
  ASSERT_EQ(actual, 3U);
  EXPECT_EQ(available, 3U);
  const zx_vmo_dirty_range_t expected[] = {
      {kPageSize, 2 * kPageSize, 0}, {4 * kPageSize, kPageSize, 0}, {6 * kPageSize, kPageSize, 0}};
  EXPECT_BYTES_EQ(ranges, expected, sizeof(expected));
  EXPECT_TRUE(IsQuiet());
}

// pager query_dirty_ranges | buffer is insufficiently large | OK: actual says how many entries there are, avail how
// many there could be
TEST_F(PagerQuery, SmallBuffersTakeWhatFits) {
  Write({0, 2});
  zx_vmo_dirty_range_t ranges[2] = {};
  size_t actual = SIZE_MAX;
  size_t available = 0;
  EXPECT_OK(pager_.query_dirty_ranges(written_, 0, 8 * kPageSize, ranges, 8, &actual, nullptr));
  EXPECT_EQ(actual, 0U);
  EXPECT_OK(pager_.query_dirty_ranges(written_, 0, 8 * kPageSize, ranges, sizeof(ranges[0]), &actual, nullptr));
  EXPECT_EQ(actual, 1U);
  EXPECT_EQ(ranges[0].offset, 0U);
  EXPECT_EQ(ranges[0].length, kPageSize);
  EXPECT_EQ(ranges[1].length, 0U);
  EXPECT_OK(pager_.query_dirty_ranges(written_, 0, 8 * kPageSize, ranges, sizeof(ranges[0]), &actual, &available));
  EXPECT_EQ(actual, 1U);
  EXPECT_EQ(available, 2U);
  EXPECT_OK(pager_.query_dirty_ranges(written_, 0, 8 * kPageSize, ranges, sizeof(ranges), &actual, &available));
  EXPECT_EQ(actual, 2U);
  EXPECT_EQ(available, 2U);
}

// pager query_dirty_ranges | actual and avail are NULL | OK: they are optional
TEST_F(PagerQuery, CountsAreOptional) {
  Write({3});
  zx_vmo_dirty_range_t range = {};
  EXPECT_OK(pager_.query_dirty_ranges(written_, 0, 8 * kPageSize, &range, sizeof(range), nullptr, nullptr));
  EXPECT_EQ(range.offset, 3 * kPageSize);
  EXPECT_EQ(Available(0, 8 * kPageSize), 1U);
}

// pager query_dirty_ranges | offset is advanced beyond the last entry, until avail is what was read | every range is
// seen once
TEST_F(PagerQuery, CanBeContinuedBehindTheLastEntry) {
  Write({0, 1, 3, 5, 6, 7});
  std::vector<uint64_t> seen;
  uint64_t offset = 0;
  size_t actual = 0;
  size_t available = 0;
  do {
    zx_vmo_dirty_range_t range = {};
    ASSERT_OK(pager_.query_dirty_ranges(written_, offset, 8 * kPageSize - offset, &range, sizeof(range), &actual,
                                        &available));
    ASSERT_EQ(actual, 1U);
    seen.push_back(range.offset / kPageSize);
    offset = range.offset + range.length;
  } while (actual != available);
  EXPECT_TRUE((seen == std::vector<uint64_t>{0, 3, 5}));
  EXPECT_EQ(Available(offset, 8 * kPageSize - offset), 0U);
}

// pager query_dirty_ranges | the range begins or ends inside a dirty run | the entry is cut to the range
TEST_F(PagerQuery, EntriesAreCutToTheRange) {
  Write({1, 2, 3, 4, 5});
  zx_vmo_dirty_range_t range = {};
  ASSERT_OK(pager_.query_dirty_ranges(written_, 2 * kPageSize, 2 * kPageSize, &range, sizeof(range), nullptr, nullptr));
  EXPECT_EQ(range.offset, 2 * kPageSize);
  EXPECT_EQ(range.length, 2 * kPageSize);
}

// pager query_dirty_ranges | offset and length are not page-aligned | they are rounded to page boundaries
TEST_F(PagerQuery, UnalignedRangesAreRounded) {
  Write({1, 2, 3});
  zx_vmo_dirty_range_t range = {};
  ASSERT_OK(pager_.query_dirty_ranges(written_, kPageSize + 1, kPageSize, &range, sizeof(range), nullptr, nullptr));
  EXPECT_EQ(range.offset, kPageSize);
  EXPECT_EQ(range.length, 2 * kPageSize);
}

// ---- query_vmo_stats
// -------------------------------------------------------------------------------------------------

// pager query_vmo_stats | options is neither 0 nor ZX_PAGER_RESET_VMO_STATS | INVALID_ARGS, nothing is reset
TEST_F(PagerQuery, UnknownOptionsAreRefused) {
  Write({0});
  EXPECT_STATUS(Stats(written_, ZX_PAGER_RESET_VMO_STATS | 2), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Stats(written_, UINT32_MAX), ZX_ERR_INVALID_ARGS);
  zx_pager_vmo_stats_t stats = {};
  EXPECT_OK(pager_.query_vmo_stats(written_, 0, &stats, sizeof(stats)));
  EXPECT_EQ(stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
}

// pager query_vmo_stats | the buffer is too small for the structure | an error, and nothing is reset
TEST_F(PagerQuery, StatsNeedTheirRoom) {
  Write({0});
  zx_pager_vmo_stats_t stats = {};
  EXPECT_NOT_OK(pager_.query_vmo_stats(written_, ZX_PAGER_RESET_VMO_STATS, &stats, sizeof(stats) - 1));
  EXPECT_NOT_OK(pager_.query_vmo_stats(written_, ZX_PAGER_RESET_VMO_STATS, nullptr, 0));
  EXPECT_OK(pager_.query_vmo_stats(written_, 0, &stats, sizeof(stats)));
  EXPECT_EQ(stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
}

// pager query_vmo_stats | pager is another one, the VMO's own having been closed | INVALID_ARGS
TEST_F(PagerQuery, VmosOfAClosedPagerAreForeign) {
  pager_.reset();
  zx_pager_vmo_stats_t stats = {};
  EXPECT_STATUS(other_pager_.query_vmo_stats(vmo_, 0, &stats, sizeof(stats)), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace conformance
