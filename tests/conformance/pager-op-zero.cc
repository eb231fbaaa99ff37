// ZX_VMO_OP_ZERO on a pager's VMO: whole pages become zeros that the pager is not asked about; parts of pages are
// writes.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerOpZero : public TrapDirtyTest {};
class PagerOpZeroEitherWay : public EitherWayTest {};
INSTANTIATE_EITHER_WAY(PagerOpZeroEitherWay);

// Of a range that needs nobody's answer.
zx_status_t Zero(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return Operating(vmo.vmo(), ZX_VMO_OP_ZERO, page * kPageSize, pages * kPageSize).Wait();
}

TestThread Zeroing(const PagedVmo& vmo, uint64_t offset, uint64_t size) {
  return Operating(vmo.vmo(), ZX_VMO_OP_ZERO, offset, size);
}

// vmo op_range | ZX_VMO_OP_ZERO of whole pages of a pager | OK without asking it, absent pages included: dirty zeros,
// the memory is given back
TEST_P(PagerOpZeroEitherWay, WholePagesAreNotAskedFor) {
  const PagedVmo vmo = Absent(4);
  ASSERT_OK(Supply(vmo, 0, 2));
  EXPECT_OK(Zero(vmo, 1, 2));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 1, 2));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of a page, then of grown zeros behind it | no DIRTY packet for either; two zero ranges
TEST_F(PagerOpZero, ZeroIsNotTrapped) {
  PagedVmo vmo = Supplied(2, ZX_VMO_RESIZABLE);
  EXPECT_OK(Zero(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}}));
  ASSERT_TRUE(vmo.Resize(4));
  EXPECT_OK(Zero(vmo, 2, 2));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}, {2, 2, kZeroRange}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of grown zeros | nothing changes
TEST_P(PagerOpZeroEitherWay, GrownZerosStay) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_OK(Zero(vmo, 1, 2));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO over a page, zeros and a dirty page | one zero range without memory
TEST_P(PagerOpZeroEitherWay, GivesTheMemoryBack) {
  const PagedVmo vmo = Grown(1, 3);
  EXPECT_OK(Write(vmo, 2));
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_OK(Zero(vmo, 0, 3));
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 3, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 0, 3));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of a copy on write of a pager's VMO | OK without a packet; the parent keeps content,
// memory and state
TEST_P(PagerOpZeroEitherWay, ZerosOfACopyAreItsOwn) {
  const PagedVmo vmo = Absent(2);
  ASSERT_OK(Supply(vmo, 1));
  const PagedVmo all = vmo.Clone();
  const PagedVmo absent = vmo.Clone();
  const PagedVmo present = vmo.Child(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 1, 1);
  EXPECT_OK(Zero(all, 0, 2));
  EXPECT_OK(Zero(absent, 0, 1));
  EXPECT_OK(Zero(present, 0, 1));
  EXPECT_TRUE(HoldsZeros(all, 0, 2));
  EXPECT_TRUE(HoldsZeros(absent, 0));
  EXPECT_TRUE(HoldsSupplied(absent, 1));
  EXPECT_TRUE(HoldsZeros(present, 0));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsUntracked(all.vmo()));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | the VMO becomes smaller than where ZX_VMO_OP_ZERO waits for a page of which it zeroes a part |
// OUT_OF_RANGE
TEST_P(PagerOpZeroEitherWay, ShrinkingEndsItsWaits) {
  PagedVmo vmo = Absent(4, ZX_VMO_RESIZABLE);
  ASSERT_OK(Supply(vmo, 0));
  TestThread first = Zeroing(vmo, kPageSize + 8, 2 * kPageSize);
  ASSERT_TRUE(AsksRead(vmo, 1));
  TestThread last = Zeroing(vmo, 2 * kPageSize, kPageSize - 8);
  ASSERT_TRUE(AsksRead(vmo, 2));
  EXPECT_TRUE(first.WaitForBlocked());
  EXPECT_TRUE(last.WaitForBlocked());
  ASSERT_TRUE(vmo.Resize(1));
  EXPECT_STATUS(first.Wait(), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(last.Wait(), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of part of a page | a write of it, trapped with TRAP_DIRTY; zeros and dirty pages are
// not asked about
TEST_P(PagerOpZeroEitherWay, PartsOfPagesAreWritten) {
  const PagedVmo vmo = Grown(1, 2);
  EXPECT_OK(Permitted(Zeroing(vmo, 8, 8), vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {1, 1, kZeroRange}}));
  EXPECT_EQ(vmo.word(0), vmo.tag(0));
  EXPECT_EQ((&vmo.word(0))[1], 0U);
  EXPECT_EQ((&vmo.word(0))[2], vmo.tag(0) + 2);
  EXPECT_OK(Zeroing(vmo, kPageSize - 8, kPageSize).Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {1, 1, kZeroRange}}));
  EXPECT_EQ((&vmo.word(0))[kWordsPerPage - 1], 0U);
  EXPECT_TRUE(HoldsZeros(vmo, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of an absent page in front of grown zeros, then of part of an absent one | the first
// joins the zeros unasked; the second is read and written
TEST_P(PagerOpZeroEitherWay, ZerosJoinGrownZeros) {
  PagedVmo vmo = Absent(2, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1, kZeroRange}}));
  EXPECT_OK(Zero(vmo, 1, 1));
  EXPECT_TRUE(IsDirty(vmo, {{1, 2, kZeroRange}}));
  TestThread part = Zeroing(vmo, kPageSize - 8, 8);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Supply(vmo, 0));
  EXPECT_OK(Permitted(std::move(part), vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {1, 2, kZeroRange}}));
  EXPECT_EQ((&vmo.word(0))[kWordsPerPage - 1], 0U);
  EXPECT_TRUE(HoldsZeros(vmo, 1, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of the page in front of a zero range in writeback | they are one range now, and the
// end of the writeback cleans nothing
TEST_P(PagerOpZeroEitherWay, JoiningInFrontCancelsTheWriteback) {
  const PagedVmo vmo = Grown(1, 2);
  ASSERT_OK(Begin(vmo, 1, 1, kZeroRange));
  EXPECT_OK(Zero(vmo, 0, 1));
  EXPECT_OK(End(vmo, 1, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 0, 2, kZeroRange));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of a page in writeback | dirty zeros, which the end of the writeback does not clean
TEST_P(PagerOpZeroEitherWay, ZerosOfAPageInWritebackStayDirty) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  EXPECT_OK(Zero(vmo, 0, 1));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO of zeros that the pager supplied | they stay clean
TEST_P(PagerOpZeroEitherWay, SuppliedZerosStayClean) {
  const PagedVmo vmo = Absent(5);
  ASSERT_OK(Supply(vmo, 0));
  ASSERT_OK(SupplyZeros(vmo, 1));
  ASSERT_OK(Supply(vmo, 2));
  ASSERT_OK(SupplyZeros(vmo, 3, 2));
  EXPECT_OK(Zero(vmo, 1, 1));
  EXPECT_OK(Zero(vmo, 3, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_TRUE(HoldsSupplied(vmo, 2));
  EXPECT_TRUE(HoldsZeros(vmo, 3, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_ZERO over a pinned page | that one is written in place, asked about with TRAP_DIRTY; the
// others become zeros unasked
TEST_P(PagerOpZeroEitherWay, PinnedPagesAreWrittenInPlace) {
  const zx::bti bti = MakeBti();
  PagedVmo vmo = Absent(3, ZX_VMO_RESIZABLE);
  ASSERT_OK(Supply(vmo, 0, 2));
  zx::pmt pmt = Pin(bti, vmo.vmo(), 1);
  ASSERT_TRUE(vmo.Resize(4));
  EXPECT_OK(Permitted(Zeroing(vmo, 0, 4 * kPageSize), vmo, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}, {1, 1}, {2, 2, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 0, 4));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pmt.unpin());
}

// real op_range | ZX_VMO_OP_ZERO of an absent page while a read waits for it | the read sees zeros; nothing is supplied
TEST_P(PagerOpZeroEitherWay, ZeroAnswersReads) {
  const PagedVmo vmo = Absent(2);
  TestThread read([&vmo] { return CheckWords(Access::kByCall, vmo, 1, 1, 0); });
  ASSERT_TRUE(AsksRead(vmo, 1));
  EXPECT_TRUE(read.WaitForBlocked());
  EXPECT_OK(Zero(vmo, 1, 1));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | a read waits for a page that ZX_VMO_OP_ZERO makes zeros, which are then written back | it sees zeros
TEST_F(PagerOpZero, ZerosWrittenBackAnswerReads) {
  const PagedVmo vmo = Absent(1, ZX_VMO_RESIZABLE);
  TestThread read([&vmo] { return CheckWords(Access::kByCall, vmo, 0, 1, 0); });
  ASSERT_TRUE(AsksRead(vmo, 0));
  EXPECT_TRUE(read.WaitForBlocked());
  EXPECT_OK(Zero(vmo, 0, 1));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}}));
  EXPECT_OK(WriteBack(vmo, 0, 1, kZeroRange));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_DIRTY of a page that became zeros and was written back while a write waits | NOT_FOUND,
// and the write starts again with ZX_PAGER_VMO_READ
TEST_F(PagerOpZero, WritersAreNotAnsweredByZeros) {
  const PagedVmo vmo = Supplied(1, ZX_VMO_RESIZABLE);
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_OK(Zero(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}}));
  EXPECT_TRUE(write.WaitForBlocked());
  EXPECT_OK(WriteBack(vmo, 0, 1, kZeroRange));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_STATUS(Permit(vmo, 0), ZX_ERR_NOT_FOUND);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(SupplyZeros(vmo, 0));
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
