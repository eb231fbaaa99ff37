// Detached VMOs: clean pages go, dirty ones stay until they are written back, and nobody is asked any more.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerDetachWriteback : public TrapDirtyTest {};
class PagerDetachWritebackEitherWay : public EitherWayTest {
 protected:
  [[nodiscard]] bool Detaches(const PagedVmo& vmo) {
    return pager_.Detach(vmo) == ZX_OK && pager_.WaitForComplete(vmo.key());
  }
};
INSTANTIATE_EITHER_WAY(PagerDetachWritebackEitherWay);
class PagerDetachWritebackAccess : public EitherAccessTest {
 protected:
  [[nodiscard]] bool Detaches(const PagedVmo& vmo) {
    return pager_.Detach(vmo) == ZX_OK && pager_.WaitForComplete(vmo.key());
  }
};
INSTANTIATE_BOTH_ACCESSES(PagerDetachWritebackAccess);

// pager detach_vmo | the VMO has dirty pages | they stay, can be read, are listed, and can be written back
TEST_P(PagerDetachWritebackEitherWay, DirtyPagesStayUntilTheyAreWrittenBack) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  ASSERT_TRUE(Detaches(vmo));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | the VMO has grown, some of it written | zeros and pages stay until they are written back
TEST_P(PagerDetachWritebackEitherWay, GrownZerosStayUntilTheyAreWrittenBack) {
  PagedVmo vmo = Absent(1, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(3));
  EXPECT_OK(Write(vmo, 2));
  ASSERT_TRUE(Detaches(vmo));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}, {2, 1}}));
  EXPECT_TRUE(HoldsZeros(vmo, 1));
  EXPECT_TRUE(HoldsWritten(vmo, 2));
  EXPECT_OK(WriteBack(vmo, 1, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | the VMO has clean pages | they are given back; queries still work
TEST_P(PagerDetachWritebackEitherWay, CleanPagesGo) {
  const PagedVmo vmo = Supplied(3);
  EXPECT_OK(Write(vmo, 1));
  ASSERT_TRUE(Detaches(vmo));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | a clean page of a detached VMO is written | BAD_STATE, or a page fault with it; no packet
TEST_P(PagerDetachWritebackAccess, CleanPagesCannotBeWritten) {
  const PagedVmo vmo = Supplied(1);
  ASSERT_TRUE(Detaches(vmo));
  TestThread write = Changing(vmo, 0);
  EXPECT_TRUE(Fails(write, vmo, 0, ZX_ERR_BAD_STATE));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | a page in writeback of a detached VMO is written | BAD_STATE, or a page fault with it; the
// writeback can be ended
TEST_P(PagerDetachWritebackAccess, PagesInWritebackCannotBeWritten) {
  const PagedVmo vmo = Supplied(1);
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  ASSERT_TRUE(Detaches(vmo));
  TestThread write = Changing(vmo, 0);
  EXPECT_TRUE(Fails(write, vmo, 0, ZX_ERR_BAD_STATE));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | a dirty page of a detached VMO is written again | OK: nobody need be asked
TEST_P(PagerDetachWritebackAccess, DirtyPagesCanBeWritten) {
  const PagedVmo vmo = Supplied(1);
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_TRUE(Detaches(vmo));
  EXPECT_OK(Changing(vmo, 0).Wait());
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | a write waits for ZX_PAGER_VMO_DIRTY | it fails with BAD_STATE, or the thread takes a page fault
// with it; the pager may ignore the request
TEST_P(PagerDetachWritebackAccess, WaitingWritesFail) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_TRUE(write.WaitForBlocked());
  ASSERT_TRUE(Detaches(vmo));
  EXPECT_TRUE(Fails(write, vmo, 0, ZX_ERR_BAD_STATE));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager detach_vmo | vmo is a child of a VMO that pager made | INVALID_ARGS, and nothing is detached
TEST_F(PagerDetachWriteback, ChildrenCannotBeDetached) {
  const PagedVmo vmo = Supplied(1);
  const PagedVmo slice = vmo.Child(ZX_VMO_CHILD_SLICE, 0, 1);
  const PagedVmo copy = vmo.Clone();
  EXPECT_STATUS(pager_.Detach(slice), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(pager_.Detach(copy), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_DIRTY or ZX_PAGER_OP_FAIL and pager_vmo has been detached | BAD_STATE
TEST_F(PagerDetachWriteback, LateAnswersAreBadState) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(pager_.Detach(vmo));
  EXPECT_TRUE(pager_.WaitForComplete(vmo.key()));
  EXPECT_STATUS(write.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(Refuse(vmo, 0), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(Permit(vmo, 0), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager create | the pager is closed while a write waits for ZX_PAGER_VMO_DIRTY | it fails as if the VMO had been
// detached; no packet follows, ZX_PAGER_VMO_COMPLETE included
TEST_P(PagerDetachWritebackAccess, ClosingThePagerFailsWaitingWrites) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_TRUE(write.WaitForBlocked());
  pager_.ClosePager();
  EXPECT_TRUE(Fails(write, vmo, 0, ZX_ERR_BAD_STATE));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager_.port().wait(zx::time(ZX_TIME_INFINITE_PAST), &packet), ZX_ERR_TIMED_OUT);
}

}  // namespace
}  // namespace conformance
