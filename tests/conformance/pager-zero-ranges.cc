// Zeros of a pager's VMO: those that the pager supplied, which are clean, and those that a larger size made, which are
// dirty and listed as a range of zeros until they are written or written back.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerZeros : public TrapDirtyTest {};
class PagerZerosEitherWay : public EitherWayTest {};
INSTANTIATE_EITHER_WAY(PagerZerosEitherWay);

// ---- Supplied zeros ------------------------------------------------------------------------------------------------

// pager supply_pages | pages that are there already, as zeros, are supplied again | OK, and they are not replaced
TEST_P(PagerZerosEitherWay, SuppliedZerosAreNotReplaced) {
  const PagedVmo vmo = Absent(1);
  ASSERT_OK(SupplyZeros(vmo, 0));
  EXPECT_OK(Supply(vmo, 0));
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(HoldsZeros(vmo, 0));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(Write(vmo, 0));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | pages and supplied zeros are overwritten without ZX_VMO_TRAP_DIRTY | all are dirty pages; no packet
TEST_F(PagerTest, WritesOverSuppliedZerosAreTracked) {
  const PagedVmo vmo = Absent(10);
  for (const uint64_t page : std::initializer_list<uint64_t>{1, 4, 5, 9}) {
    ASSERT_OK(Supply(vmo, page));
  }
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 2, 3, 6, 7, 8}) {
    ASSERT_OK(SupplyZeros(vmo, page));
  }
  EXPECT_EQ(CommittedPages(vmo), 4U);
  EXPECT_OK(Writing(vmo, 0, 10).Wait());
  EXPECT_EQ(CommittedPages(vmo), 10U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 10}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0, 10));
  EXPECT_TRUE(IsQuiet(vmo));
}

// ---- Zeros that growth made
// ------------------------------------------------------------------------------------------

// real set_size | a pager's VMO grows | the new pages are zeros that nobody asks the pager for; what it supplies there
// is ignored
TEST_P(PagerZerosEitherWay, GrowthMakesZeros) {
  PagedVmo vmo = Absent(2, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(4));
  EXPECT_TRUE(IsDirty(vmo, {{2, 2, kZeroRange}}));
  std::vector<uint64_t> words(4 * kWordsPerPage, 1);
  TestThread read([&] { return vmo.vmo().read(words.data(), 0, 4 * kPageSize); });
  ASSERT_TRUE(AsksRead(vmo, 0, 2));
  ASSERT_OK(Supply(vmo, 0, 2));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(HoldsTags(words.data(), vmo.tag(0), 2));
  EXPECT_TRUE(HoldsZeros(vmo, 2, 2));
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_OK(Supply(vmo, 2, 2));
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_TRUE(HoldsZeros(vmo, 2, 2));
  EXPECT_TRUE(IsDirty(vmo, {{2, 2, kZeroRange}}));
  EXPECT_OK(Write(vmo, 2, 2));
  EXPECT_EQ(CommittedPages(vmo), 4U);
  EXPECT_TRUE(IsDirty(vmo, {{2, 2}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_dirty_ranges | the VMO has grown | the new zeros are ranges with ZX_VMO_DIRTY_RANGE_IS_ZERO; with
// ZX_VMO_TRAP_DIRTY writes to them are asked about all the same
TEST_F(PagerZeros, GrownZerosAreDirtyAndTrapped) {
  PagedVmo vmo = Supplied(2, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_OK(Write(vmo, 1, 2));
  EXPECT_EQ(CommittedPages(vmo), 3U);
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}}));
  ASSERT_TRUE(vmo.Resize(6));
  EXPECT_OK(Write(vmo, 4));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}, {3, 1, kZeroRange}, {4, 1}, {5, 1, kZeroRange}}));
  ASSERT_TRUE(vmo.Resize(8));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}, {3, 1, kZeroRange}, {4, 1}, {5, 3, kZeroRange}}));
  TestThread write = Writing(vmo, 0, 8);
  for (const DirtyRange& range : {DirtyRange{0, 1}, DirtyRange{3, 1}, DirtyRange{5, 3}}) {
    ASSERT_TRUE(AsksDirty(vmo, range.page, range.pages));
    ASSERT_OK(Permit(vmo, range.page, range.pages));
  }
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 8}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0, 8));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real set_size | the VMO grows in steps | the new zeros are one range
TEST_P(PagerZerosEitherWay, GrowthInStepsIsOneRange) {
  PagedVmo vmo = Supplied(1, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(2));
  ASSERT_TRUE(vmo.Resize(5));
  EXPECT_TRUE(IsDirty(vmo, {{1, 4, kZeroRange}}));
  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsQuiet(vmo));
}

// real set_size | the VMO shrinks and grows again | what was there is zeros now, dirty, not asked for
TEST_P(PagerZerosEitherWay, ShrinkingForgetsContent) {
  PagedVmo vmo = Supplied(3, ZX_VMO_RESIZABLE);
  EXPECT_OK(Write(vmo, 2));
  ASSERT_TRUE(vmo.Resize(1));
  EXPECT_TRUE(IsClean(vmo));
  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 1, 2));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

class PagerZerosAccess : public EitherAccessTest {};
INSTANTIATE_BOTH_ACCESSES(PagerZerosAccess);

// real set_size | the VMO becomes smaller than where a write waits for ZX_PAGER_VMO_DIRTY | the write fails with
// OUT_OF_RANGE, or the thread takes a page fault with it
TEST_P(PagerZerosAccess, ShrinkingEndsWaitsToWrite) {
  PagedVmo vmo = Supplied(2, ZX_VMO_RESIZABLE);
  TestThread write = Changing(vmo, 1);
  ASSERT_TRUE(AsksDirty(vmo, 1));
  EXPECT_TRUE(write.WaitForBlocked());
  ASSERT_TRUE(vmo.Resize(1));
  EXPECT_TRUE(Fails(write, vmo, 1, ZX_ERR_OUT_OF_RANGE));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// ---- Writeback of zero ranges --------------------------------------------------------------------------------------

// pager op_range | a zero range is written back | it is clean; translations that reads have made stay
TEST_P(PagerZerosEitherWay, WritebackCleansZeros) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 1, 2));
  EXPECT_OK(Begin(vmo, 1, 2, kZeroRange));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  EXPECT_OK(End(vmo, 1, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 1, 2, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | a zero range was written back and is read again | ZX_PAGER_VMO_READ: the pager is expected to supply
// it
TEST_P(PagerZerosEitherWay, ZerosWrittenBackAreAskedForAgain) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_OK(WriteBack(vmo, 1, 2, kZeroRange));
  TestThread read = Reading(vmo, 1, 2);
  ASSERT_TRUE(AsksRead(vmo, 1, 2));
  ASSERT_OK(Supply(vmo, 1, 2));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(HoldsSupplied(vmo, 1, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | a zero range was written back and is written again | ZX_PAGER_VMO_READ, then, with TRAP_DIRTY,
// ZX_PAGER_VMO_DIRTY
TEST_P(PagerZerosEitherWay, ZerosWrittenBackAreReadBeforeTheyAreWritten) {
  const PagedVmo vmo = Grown(1, 2);
  EXPECT_OK(WriteBack(vmo, 1, 1));
  TestThread write = Writing(vmo, 1);
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(SupplyZeros(vmo, 1));
  EXPECT_OK(Permitted(std::move(write), vmo, 1));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | zeros and pages in writeback are written together | one DIRTY packet; permitted, they stay dirty when
// the writeback ends
TEST_F(PagerZeros, WritesDuringWritebackAreAskedAboutTogether) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_OK(Write(vmo, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}, {2, 1}}));
  ASSERT_OK(Begin(vmo, 1, 2));
  EXPECT_OK(Write(vmo, 1, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}}));
  EXPECT_OK(End(vmo, 1, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | zeros and pages in writeback are written by two threads | a DIRTY packet each, one answer for both;
// the end of the writeback has no effect
TEST_F(PagerZeros, OneAnswerServesTwoWriters) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_OK(Write(vmo, 2));
  ASSERT_OK(Begin(vmo, 1, 2));
  TestThread first = Writing(vmo, 1);
  ASSERT_TRUE(AsksDirty(vmo, 1));
  TestThread second = Writing(vmo, 2);
  ASSERT_TRUE(AsksDirty(vmo, 2));
  ASSERT_OK(Permit(vmo, 1, 2));
  EXPECT_OK(first.Wait());
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}}));
  EXPECT_OK(End(vmo, 1, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2}}));
  EXPECT_OK(Writing(vmo, 1, 2).Wait());
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | a page inside a zero range in writeback is written | the zeros around it are cleaned, the page is not
TEST_P(PagerZerosEitherWay, WriteInsideSplitsTheWriteback) {
  const PagedVmo vmo = Grown(1, 4);
  EXPECT_TRUE(HoldsZeros(vmo, 1, 3));
  ASSERT_OK(Begin(vmo, 1, 3, kZeroRange));
  EXPECT_OK(Write(vmo, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}, {2, 1}, {3, 1, kZeroRange}}));
  EXPECT_OK(End(vmo, 1, 3));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 4));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 1, 1, 0));
  EXPECT_EQ(vmo.word(2), kWritten);
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 3, 1, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | pages around the part of a zero range that is in writeback are written | that part is cleaned
TEST_P(PagerZerosEitherWay, WritesOutsideLeaveTheWriteback) {
  const PagedVmo vmo = Grown(1, 4);
  EXPECT_TRUE(HoldsZeros(vmo, 1, 3));
  ASSERT_OK(Begin(vmo, 1, 2, kZeroRange));
  EXPECT_OK(Write(vmo, 3));
  EXPECT_OK(Write(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {1, 2, kZeroRange}, {3, 1}}));
  EXPECT_OK(End(vmo, 1, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {3, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 4));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 1, 2, 0));
  EXPECT_EQ(vmo.word(0), kWritten);
  EXPECT_EQ(vmo.word(3), kWritten);
  EXPECT_TRUE(IsQuiet(vmo));
}

// Runs that are written inside a zero range of pages 1 to 40; one of them and one gap lie across page 21.
constexpr DirtyRange kRuns[] = {{1, 2}, {5, 1}, {8, 4}, {15, 3}, {25, 5}, {33, 1}, {38, 2}};

// real op_range | many runs of a zero range in writeback are written | exactly they stay dirty
TEST_P(PagerZerosEitherWay, ManyWritesSplitTheWriteback) {
  const PagedVmo vmo = Grown(1, 41);
  ASSERT_OK(Begin(vmo, 1, 40, kZeroRange));
  for (const DirtyRange& run : {kRuns[3], kRuns[0], kRuns[5], kRuns[1], kRuns[6], kRuns[4], kRuns[2]}) {
    EXPECT_OK(Write(vmo, run.page, run.pages));
  }
  EXPECT_OK(End(vmo, 1, 40));
  EXPECT_TRUE(IsDirty(vmo, {std::begin(kRuns), std::end(kRuns)}));
  EXPECT_OK(WriteBack(vmo, 0, 41));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | many runs of a zero range are written of which only the first half is in writeback | the gaps of that
// half are cleaned, cut where it ends
TEST_P(PagerZerosEitherWay, ManyWritesSplitAPartialWriteback) {
  const PagedVmo vmo = Grown(1, 41);
  ASSERT_OK(Begin(vmo, 1, 20, kZeroRange));
  for (const DirtyRange& run : kRuns) {
    EXPECT_OK(Write(vmo, run.page, run.pages));
  }
  EXPECT_OK(End(vmo, 1, 20));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2},
                            {5, 1},
                            {8, 4},
                            {15, 3},
                            {21, 4, kZeroRange},
                            {25, 5},
                            {30, 3, kZeroRange},
                            {33, 1},
                            {34, 4, kZeroRange},
                            {38, 2},
                            {40, 1, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 0, 41));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | the VMO shrinks while a zero range is in writeback | the rest ends by itself; beyond the end is
// OUT_OF_RANGE; growth makes fresh zeros, dirty again
TEST_P(PagerZerosEitherWay, ShrinkingCutsTheWriteback) {
  PagedVmo vmo = Grown(1, 3);
  ASSERT_OK(Begin(vmo, 1, 2, kZeroRange));
  ASSERT_TRUE(vmo.Resize(2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  EXPECT_STATUS(End(vmo, 1, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  EXPECT_OK(End(vmo, 1, 1));
  EXPECT_TRUE(IsClean(vmo));

  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1, kZeroRange}}));
  EXPECT_OK(Supply(vmo, 1));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  ASSERT_OK(Begin(vmo, 2, 1, kZeroRange));
  ASSERT_TRUE(vmo.Resize(2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_STATUS(End(vmo, 2, 1), ZX_ERR_OUT_OF_RANGE);

  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1, kZeroRange}}));
  EXPECT_OK(End(vmo, 2, 1));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1, kZeroRange}}));
  ASSERT_OK(Begin(vmo, 2, 1, kZeroRange));
  ASSERT_TRUE(vmo.Resize(1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_STATUS(End(vmo, 2, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | the VMO shrinks to where the part of a zero range in writeback ends | the writeback ends as begun
TEST_P(PagerZerosEitherWay, ShrinkingBehindTheWritebackLeavesIt) {
  PagedVmo vmo = Grown(1, 3);
  ASSERT_OK(Begin(vmo, 1, 1, kZeroRange));
  ASSERT_TRUE(vmo.Resize(2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  EXPECT_OK(End(vmo, 1, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | a page behind a zero range is written back | the zeros stay dirty
TEST_P(PagerZerosEitherWay, WritebackBehindZerosLeavesThem) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_OK(Write(vmo, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}, {2, 1}}));
  EXPECT_OK(WriteBack(vmo, 2, 1));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  EXPECT_OK(Write(vmo, 2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}, {2, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// Zeros and pages by turns: pages 2 and 4 of 6 are written.
constexpr DirtyRange kByTurns[] = {{1, 1, kZeroRange}, {2, 1}, {3, 1, kZeroRange}, {4, 1}, {5, 1, kZeroRange}};

// real op_range | zeros and a page in writeback are written by one call | one DIRTY packet for both; all else is
// cleaned
TEST_P(PagerZerosEitherWay, WriteOverAGapDuringWriteback) {
  const PagedVmo vmo = Grown(1, 6);
  EXPECT_OK(Write(vmo, 2));
  EXPECT_OK(Write(vmo, 4));
  EXPECT_TRUE(IsDirty(vmo, {std::begin(kByTurns), std::end(kByTurns)}));
  ASSERT_OK(Begin(vmo, 1, 5));
  EXPECT_OK(Write(vmo, 3, 2));
  EXPECT_OK(End(vmo, 1, 5));
  EXPECT_TRUE(IsDirty(vmo, {{3, 2}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | each of the ranges that zx_pager_query_dirty_ranges lists is begun with its options, then ended |
// all are clean
TEST_P(PagerZerosEitherWay, RangesCanBeWrittenBackOneByOne) {
  const PagedVmo vmo = Grown(1, 6);
  EXPECT_OK(Write(vmo, 2));
  EXPECT_OK(Write(vmo, 4));
  for (const DirtyRange& range : kByTurns) {
    EXPECT_OK(Begin(vmo, range.page, range.pages, range.options));
  }
  EXPECT_TRUE(IsDirty(vmo, {std::begin(kByTurns), std::end(kByTurns)}));
  for (const DirtyRange& range : kByTurns) {
    EXPECT_OK(End(vmo, range.page, range.pages));
  }
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | a zero range is written back in pieces from its start | each piece is cleaned
TEST_P(PagerZerosEitherWay, WritebackMayGoInPiecesFromTheStart) {
  const PagedVmo vmo = Grown(1, 5);
  EXPECT_TRUE(IsDirty(vmo, {{1, 4, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 1, 1, kZeroRange));
  EXPECT_TRUE(IsDirty(vmo, {{2, 3, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 2, 1, kZeroRange));
  EXPECT_TRUE(IsDirty(vmo, {{3, 2, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 3, 2, kZeroRange));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_PAGER_OP_WRITEBACK_BEGIN of a zero range again, shorter, or not from its start | the longest from
// the start counts
TEST_P(PagerZerosEitherWay, BeginsOfAZeroRangeAddUp) {
  PagedVmo vmo = Grown(1, 5);
  EXPECT_OK(Begin(vmo, 1, 4, kZeroRange));
  EXPECT_OK(Begin(vmo, 1, 2, kZeroRange));
  EXPECT_OK(End(vmo, 1, 4));
  EXPECT_TRUE(IsClean(vmo));
  ASSERT_TRUE(vmo.Resize(10));
  EXPECT_TRUE(IsDirty(vmo, {{5, 5, kZeroRange}}));
  EXPECT_OK(End(vmo, 1, 2));
  EXPECT_OK(End(vmo, 5, 2));
  EXPECT_TRUE(IsDirty(vmo, {{5, 5, kZeroRange}}));
  EXPECT_OK(Begin(vmo, 5, 2, kZeroRange));
  EXPECT_OK(Begin(vmo, 5, 2, kZeroRange));
  EXPECT_OK(Begin(vmo, 7, 3, kZeroRange));
  EXPECT_OK(End(vmo, 5, 2));
  EXPECT_OK(End(vmo, 7, 3));
  EXPECT_TRUE(IsDirty(vmo, {{7, 3, kZeroRange}}));
  EXPECT_OK(End(vmo, 5, 2));
  EXPECT_TRUE(IsDirty(vmo, {{7, 3, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 7, 3));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | a grown page was stored to through a mapping and written back | the next store is tracked again, and
// trapped with TRAP_DIRTY
TEST_P(PagerZerosEitherWay, StoresAreTrackedAfterWriteback) {
  const PagedVmo vmo = Grown(1, 2);
  EXPECT_OK(Store(vmo, 1));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(Store(vmo, 1));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | zeros that mappings show were written back and are stored to | ZX_PAGER_VMO_READ; what is supplied
// replaces the zero there in every mapping, and nowhere else
TEST_P(PagerZerosEitherWay, SuppliedPagesReplaceMappedZeros) {
  const PagedVmo vmo = Grown(1, 6);
  const Mapping other(vmo.vmo(), kRead | ZX_VM_ALLOW_FAULTS, 6 * kPageSize);
  ASSERT_OK(other.status());
  EXPECT_TRUE(HoldsZeros(vmo, 1, 5));
  ASSERT_OK(Begin(vmo, 1, 5, kZeroRange));
  EXPECT_OK(Store(vmo, 2));
  EXPECT_OK(Store(vmo, 4));
  EXPECT_TRUE(IsDirty(vmo, {std::begin(kByTurns), std::end(kByTurns)}));
  for (uint64_t page = 1; page < 6; ++page) {
    EXPECT_EQ(other.tag(page), page % 2 == 0 ? static_cast<uint32_t>(kWritten) : 0U);
  }
  EXPECT_OK(Storing(vmo, 2).Wait());
  EXPECT_OK(Storing(vmo, 4).Wait());
  EXPECT_OK(End(vmo, 1, 5));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1}, {4, 1}}));

  TestThread store = Storing(vmo, 3);
  ASSERT_TRUE(AsksRead(vmo, 3));
  ASSERT_OK(Supply(vmo, 3));
  EXPECT_OK(Permitted(std::move(store), vmo, 3));
  EXPECT_TRUE(IsDirty(vmo, {{2, 3}}));
  EXPECT_EQ(other.tag(3), static_cast<uint32_t>(kWritten));
  EXPECT_EQ(*AtAddress<volatile uint64_t>(other.address() + 3 * kPageSize + sizeof(uint64_t)), vmo.tag(3) + 1);
  EXPECT_EQ(other.tag(1), 0U);
  EXPECT_EQ(other.tag(5), 0U);
  EXPECT_OK(WriteBack(vmo, 2, 3));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_DIRTY of a large range of supplied and of grown zeros | OK: all are dirty pages
TEST_F(PagerZeros, LargeRangesOfZerosCanBeDirtied) {
  PagedVmo vmo = Absent(100, ZX_VMO_RESIZABLE);
  ASSERT_OK(SupplyZeros(vmo, 0, 100));
  ASSERT_TRUE(vmo.Resize(200));
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(IsDirty(vmo, {{100, 100, kZeroRange}}));
  EXPECT_OK(Permit(vmo, 0, 200));
  EXPECT_EQ(CommittedPages(vmo), 200U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 200}}));
  EXPECT_TRUE(HoldsZeros(vmo, 0, 200));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_DIRTY of zeros that were written back while a write waits on them | NOT_FOUND, and the
// write asks for the page again
TEST_F(PagerZeros, LateDirtyOfCleanedZerosIsNotFound) {
  const PagedVmo vmo = Grown(1, 2);
  TestThread write = Writing(vmo, 1);
  ASSERT_TRUE(AsksDirty(vmo, 1));
  EXPECT_OK(WriteBack(vmo, 1, 1, kZeroRange));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(write.WaitForBlocked());
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_STATUS(Permit(vmo, 1), ZX_ERR_NOT_FOUND);
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(Supply(vmo, 1));
  ASSERT_TRUE(AsksDirty(vmo, 1));
  ASSERT_OK(Permit(vmo, 1));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
