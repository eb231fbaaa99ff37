// Writeback of pages: ZX_PAGER_OP_WRITEBACK_BEGIN marks, ZX_PAGER_OP_WRITEBACK_END cleans what was not written since.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerWriteback : public TrapDirtyTest {};
class PagerWritebackEitherWay : public EitherWayTest {};
INSTANTIATE_EITHER_WAY(PagerWritebackEitherWay);

// pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN and _END of a dirty page | dirty until the end, then clean; the content
// stays, and the next write makes it dirty again
TEST_P(PagerWritebackEitherWay, EndCleansWhatBeginMarked) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(Begin(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_OK(Write(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_WRITEBACK_END of a dirty page whose writeback was not begun | OK, it stays dirty
TEST_P(PagerWritebackEitherWay, EndWithoutBeginCleansNothing) {
  const PagedVmo vmo = Supplied(2);
  EXPECT_OK(Write(vmo, 0, 2));
  EXPECT_OK(End(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_OK(Begin(vmo, 1, 1));
  EXPECT_OK(End(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN and _END of clean and absent pages | OK, nothing happens
TEST_P(PagerWritebackEitherWay, CleanAndAbsentPagesAreLeftAlone) {
  const PagedVmo vmo = Absent(3);
  ASSERT_OK(Supply(vmo, 1));
  EXPECT_OK(WriteBack(vmo, 0, 3));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | a page is written between ZX_PAGER_OP_WRITEBACK_BEGIN and _END without ZX_VMO_TRAP_DIRTY | it stays
// dirty: what the pager wrote back may be older
TEST_F(PagerTest, WritesDuringWritebackKeepThePageDirty) {
  const PagedVmo vmo = Supplied(2);
  EXPECT_OK(Write(vmo, 0, 2));
  EXPECT_OK(Begin(vmo, 0, 2));
  EXPECT_OK(Storing(vmo, 0).Wait());
  EXPECT_OK(End(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | a page is written between ZX_PAGER_OP_WRITEBACK_BEGIN and _END with ZX_VMO_TRAP_DIRTY | the write
// asks; _END cleans the page unless ZX_PAGER_OP_DIRTY came before
TEST_F(PagerWriteback, WritesDuringWritebackAreTrapped) {
  const PagedVmo vmo = Supplied(1);
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  TestThread late = Writing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(late.WaitForBlocked());
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(late.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));

  ASSERT_OK(Begin(vmo, 0, 1));
  EXPECT_OK(Write(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN of a page that is mapped writable | stores are trapped from then on; a
// refused one faults and changes nothing
TEST_F(PagerWriteback, BeginProtectsMappings) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Store(vmo, 0));
  EXPECT_OK(Storing(vmo, 0).Wait());
  ASSERT_OK(Begin(vmo, 0, 1));
  TestThread store([&vmo] {
    vmo.word(0) = 1;
    return ZX_OK;
  });
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Refuse(vmo, 0));
  EXPECT_TRUE(store.WaitForCrash(vmo.address(), ZX_ERR_IO));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(Store(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | pages that are clean, awaiting their end of writeback and zero lie side by side in a write | one
// DIRTY packet for them together
TEST_F(PagerWriteback, PagesInWritebackShareARequestWithOthers) {
  PagedVmo vmo = Supplied(3, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(5));
  ASSERT_OK(Permit(vmo, 1));
  ASSERT_OK(Begin(vmo, 1, 1));
  EXPECT_OK(Write(vmo, 0, 5));
  EXPECT_TRUE(IsDirty(vmo, {{0, 5}}));
  EXPECT_OK(End(vmo, 1, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 5}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | only a part of the pages in writeback is ended, or ended in another order | exactly those are clean
TEST_P(PagerWritebackEitherWay, EachPageEndsByItself) {
  const PagedVmo vmo = Supplied(6);
  EXPECT_OK(Write(vmo, 0, 6));
  EXPECT_OK(Begin(vmo, 0, 6));
  EXPECT_OK(End(vmo, 4, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 4}, {5, 1}}));
  EXPECT_OK(End(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{2, 2}, {5, 1}}));
  EXPECT_OK(End(vmo, 0, 6));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsWritten(vmo, 0, 6));
  EXPECT_TRUE(IsQuiet(vmo));
}

// The five ranges of the next tests: pages 1, 6 and 9 are pages, what lies between is zero.
class PagerWritebackMixed : public EitherWayTest {
 protected:
  static constexpr DirtyRange kRanges[] = {{1, 1}, {2, 4, kZeroRange}, {6, 1}, {7, 2, kZeroRange}, {9, 1}};

  [[nodiscard]] PagedVmo Mixed() {
    PagedVmo vmo = Grown(1, 10);
    for (const uint64_t page : std::initializer_list<uint64_t>{1, 6, 9}) {
      EXPECT_OK(Write(vmo, page));
    }
    EXPECT_TRUE(IsDirty(vmo, {std::begin(kRanges), std::end(kRanges)}));
    return vmo;
  }
  void BeginInOrder(const PagedVmo& vmo, std::initializer_list<int> order) {
    for (const int i : order) {
      EXPECT_OK(Begin(vmo, kRanges[i].page, kRanges[i].pages));
    }
  }
  void EndInOrder(const PagedVmo& vmo, std::initializer_list<int> order) {
    for (const int i : order) {
      EXPECT_OK(End(vmo, kRanges[i].page, kRanges[i].pages));
    }
  }
};
INSTANTIATE_EITHER_WAY(PagerWritebackMixed);

// pager op_range | one writeback over dirty pages and zero ranges | all are clean
TEST_P(PagerWritebackMixed, OneWritebackCleansAll) {
  const PagedVmo vmo = Mixed();
  EXPECT_OK(WriteBack(vmo, 1, 9));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | dirty ranges are begun and ended one by one, in another order than they lie | all are clean
TEST_P(PagerWritebackMixed, OrderDoesNotMatter) {
  const PagedVmo vmo = Mixed();
  BeginInOrder(vmo, {3, 0, 2, 1, 4});
  EndInOrder(vmo, {3, 0, 2, 1, 4});
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | dirty ranges are begun one by one and ended as one | all are clean
TEST_P(PagerWritebackMixed, OneEndMayServeManyBegins) {
  const PagedVmo vmo = Mixed();
  BeginInOrder(vmo, {4, 1, 3, 0, 2});
  EXPECT_OK(End(vmo, 1, 9));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | dirty ranges are begun as one and ended one by one | all are clean
TEST_P(PagerWritebackMixed, ManyEndsMayServeOneBegin) {
  const PagedVmo vmo = Mixed();
  EXPECT_OK(Begin(vmo, 1, 9));
  EndInOrder(vmo, {2, 4, 0, 3, 1});
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN with ZX_VMO_DIRTY_RANGE_IS_ZERO, and a page of the range was written
// after the query | that page stays dirty: its content is not lost
TEST_P(PagerWritebackEitherWay, ZeroWritebackLeavesPagesDirty) {
  const PagedVmo vmo = Grown(1, 4);
  EXPECT_TRUE(IsDirty(vmo, {{1, 3, kZeroRange}}));
  EXPECT_OK(Write(vmo, 2));
  EXPECT_OK(WriteBack(vmo, 1, 3, kZeroRange));
  EXPECT_TRUE(IsDirty(vmo, {{2, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN with ZX_VMO_DIRTY_RANGE_IS_ZERO of dirty pages alone | they stay dirty
TEST_P(PagerWritebackEitherWay, ZeroWritebackOfPagesCleansNothing) {
  const PagedVmo vmo = Supplied(2);
  EXPECT_OK(Write(vmo, 0, 2));
  EXPECT_OK(WriteBack(vmo, 0, 2, kZeroRange));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_OK(WriteBack(vmo, 0, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
