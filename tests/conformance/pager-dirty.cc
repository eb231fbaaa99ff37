// Requests to dirty pages (ZX_PAGER_VMO_DIRTY): which accesses send one, for which pages, and what its answer does.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerDirty : public TrapDirtyTest {};
class PagerDirtyAccess : public EitherAccessTest {};
INSTANTIATE_BOTH_ACCESSES(PagerDirtyAccess);

// pager create_vmo | ZX_VMO_TRAP_DIRTY and a resident clean page is written | ZX_PAGER_VMO_DIRTY for it; the write goes
// on after ZX_PAGER_OP_DIRTY
TEST_P(PagerDirtyAccess, WriteGoesOnWhenPermitted) {
  const PagedVmo vmo = Absent(1);
  TestThread read = Getting(vmo, 0);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Supply(vmo, 0));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(IsClean(vmo));
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_TRUE(write.WaitForBlocked());
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager create_vmo | without ZX_VMO_TRAP_DIRTY a resident clean page is written | no packet; the page is dirty
TEST_F(PagerTest, WriteIsNotTrappedUnlessAskedFor) {
  const PagedVmo vmo = Supplied(2);
  EXPECT_OK(Writing(vmo, 0).Wait());
  EXPECT_OK(Storing(vmo, 1).Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_create | options has ZX_VMO_TRAP_DIRTY | INVALID_ARGS: there is no pager to ask
TEST_F(PagerDirty, PlainVmosCannotTrap) {
  zx::vmo vmo;
  EXPECT_STATUS(zx::vmo::create(kPageSize, ZX_VMO_TRAP_DIRTY, &vmo), ZX_ERR_INVALID_ARGS);
}

// pager op_range | ZX_PAGER_OP_DIRTY of a clean page that nobody waits to write | OK: it is dirty, its content stays
TEST_F(PagerDirty, PagesMayBeDirtiedUnasked) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Permit(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | several clean pages are written by one call | one DIRTY packet for the run; pages that are dirty
// already are not asked about
TEST_F(PagerDirty, OneCallAsksOnceForItsRun) {
  const PagedVmo vmo = Supplied(20);
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 2, 4, 6, 8, 3}) {
    EXPECT_OK(Write(vmo, page));
  }
  EXPECT_OK(Write(vmo, 11, 5));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {2, 3}, {6, 1}, {8, 1}, {11, 5}}));
  EXPECT_TRUE(HoldsWritten(vmo, 11, 5));
  EXPECT_TRUE(HoldsSupplied(vmo, 9, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real map | clean pages are stored to through a mapping | a DIRTY packet for each page; those that a longer answer
// covered are not asked about
TEST_F(PagerDirty, MappingsAskPageByPage) {
  const PagedVmo vmo = Supplied(20);
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 2, 4, 6, 8, 3}) {
    EXPECT_OK(Store(vmo, page));
  }
  TestThread run([&vmo] {
    for (uint64_t page = 11; page < 16; ++page) {
      vmo.word(page) = kWritten;
    }
    return ZX_OK;
  });
  ASSERT_TRUE(AsksDirty(vmo, 11));
  ASSERT_OK(Permit(vmo, 11, 5));
  EXPECT_OK(run.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}, {2, 3}, {6, 1}, {8, 1}, {11, 5}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real map | pages are loaded through a writable mapping | no DIRTY packet, neither then nor by zx_vmo_read
TEST_F(PagerDirty, ReadsAreNotTrapped) {
  const PagedVmo vmo = Absent(3);
  TestThread load = Loading(vmo, 0);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Supply(vmo, 0, 3));
  EXPECT_OK(load.Wait());
  EXPECT_OK(Loading(vmo, 1).Wait());
  EXPECT_OK(Loading(vmo, 2).Wait());
  EXPECT_TRUE(HoldsSupplied(vmo, 0, 3));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real map | a page that is dirty already is stored to by another thread | no second DIRTY packet
TEST_F(PagerDirty, LaterStoresAreNotTrapped) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Store(vmo, 0));
  EXPECT_OK(Storing(vmo, 0).Wait());
  EXPECT_OK(Writing(vmo, 0).Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real map | a page is loaded and then stored to | the load sends nothing, the store a DIRTY packet
TEST_F(PagerDirty, StoreAfterALoadIsTrapped) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Loading(vmo, 0).Wait());
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(Store(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager create_vmo | ZX_VMO_TRAP_DIRTY and an absent page is written | ZX_PAGER_VMO_READ, then ZX_PAGER_VMO_DIRTY
TEST_P(PagerDirtyAccess, AbsentPagesAreReadFirst) {
  const PagedVmo vmo = Absent(1);
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Supply(vmo, 0));
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | several absent pages are written by one call | one READ packet for them, then one DIRTY packet
TEST_F(PagerDirty, AbsentRunsAreReadAndDirtiedAsOne) {
  const PagedVmo vmo = Absent(5);
  TestThread write = Writing(vmo, 1, 3);
  ASSERT_TRUE(AsksRead(vmo, 1, 3));
  ASSERT_OK(Supply(vmo, 1, 3));
  ASSERT_TRUE(AsksDirty(vmo, 1, 3));
  ASSERT_OK(Permit(vmo, 1, 3));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{1, 3}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | the first page of a write is being asked about for another one | nothing is sent, even for pages
// that were not asked about; after the answer the rest is
TEST_F(PagerDirty, OverlappingWritesAskOnlyForTheRest) {
  const PagedVmo vmo = Supplied(20);
  TestThread first = Writing(vmo, 0, 10);
  ASSERT_TRUE(AsksDirty(vmo, 0, 10));
  TestThread inside = Writing(vmo, 5, 3);
  EXPECT_TRUE(inside.WaitForBlocked());
  TestThread beyond = Writing(vmo, 8, 7);
  EXPECT_TRUE(beyond.WaitForBlocked());
  EXPECT_TRUE(IsQuiet(vmo));
  ASSERT_OK(Permit(vmo, 0, 10));
  EXPECT_OK(first.Wait());
  EXPECT_OK(inside.Wait());
  ASSERT_TRUE(AsksDirty(vmo, 10, 5));
  ASSERT_OK(Permit(vmo, 10, 5));
  EXPECT_OK(beyond.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 15}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | a later page of a write is being asked about for another one | the packet ends before that page
TEST_F(PagerDirty, RequestsEndWhereAnotherBegins) {
  const PagedVmo vmo = Supplied(20);
  TestThread first = Writing(vmo, 5, 5);
  ASSERT_TRUE(AsksDirty(vmo, 5, 5));
  TestThread before = Writing(vmo, 0, 10);
  ASSERT_TRUE(AsksDirty(vmo, 0, 5));
  ASSERT_OK(Permit(vmo, 0, 10));
  EXPECT_OK(first.Wait());
  EXPECT_OK(before.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 10}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | the answer to a DIRTY packet comes in pieces | the writer is asked for nothing more and goes on when
// all of it is there
TEST_F(PagerDirty, PermissionMayComeInPieces) {
  const PagedVmo vmo = Supplied(4);
  TestThread write = Writing(vmo, 0, 4);
  ASSERT_TRUE(AsksDirty(vmo, 0, 4));
  ASSERT_OK(Permit(vmo, 2, 2));
  ASSERT_OK(Permit(vmo, 0, 1));
  EXPECT_TRUE(write.WaitForBlocked());
  ASSERT_OK(Permit(vmo, 1, 1));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 4}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL while a write waits for ZX_PAGER_VMO_DIRTY | the write fails with the error, or the
// thread takes a fatal page fault; the page stays clean
TEST_P(PagerDirtyAccess, WriteFailsWhenRefused) {
  for (const zx_status_t error :
       {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL}) {
    const PagedVmo vmo = Supplied(2);
    TestThread write = Changing(vmo, 1);
    ASSERT_TRUE(AsksDirty(vmo, 1));
    ASSERT_OK(Refuse(vmo, 1, 1, error));
    EXPECT_TRUE(Fails(write, vmo, 1, error));
    EXPECT_TRUE(IsClean(vmo));
    EXPECT_TRUE(HoldsSupplied(vmo, 0, 2));
    EXPECT_TRUE(IsQuiet(vmo));
  }
}

// real op_range | ZX_PAGER_OP_FAIL of a part of a DIRTY request that is not its next page | the write goes on as far as
// it may, asks for the rest again, and fails when that is refused
TEST_F(PagerDirty, RefusalCountsWhereTheWriteStands) {
  const PagedVmo vmo = Supplied(5);
  TestThread write = Writing(vmo, 0, 5);
  ASSERT_TRUE(AsksDirty(vmo, 0, 5));
  ASSERT_OK(Permit(vmo, 0, 3));
  ASSERT_OK(Refuse(vmo, 3, 2));
  ASSERT_TRUE(AsksDirty(vmo, 3, 2));
  ASSERT_OK(Refuse(vmo, 3, 2));
  EXPECT_STATUS(write.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(IsDirty(vmo, {{0, 3}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0, 3));
  EXPECT_TRUE(HoldsSupplied(vmo, 3, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_PAGER_OP_FAIL of the start of a DIRTY request | the write fails at once
TEST_F(PagerDirty, RefusalOfTheStartEndsTheWrite) {
  const PagedVmo vmo = Supplied(5);
  TestThread write = Writing(vmo, 0, 5);
  ASSERT_TRUE(AsksDirty(vmo, 0, 5));
  ASSERT_OK(Refuse(vmo, 0, 3));
  EXPECT_STATUS(write.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_DIRTY of zero pages and pages, unasked | OK: all are dirty pages now, the content stays
TEST_F(PagerDirty, ZerosAndPagesCanBeDirtiedTogether) {
  const PagedVmo vmo = Absent(10);
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 3, 4, 8}) {
    ASSERT_OK(Supply(vmo, page));
  }
  for (const uint64_t page : std::initializer_list<uint64_t>{1, 2, 5, 6, 7, 9}) {
    ASSERT_OK(SupplyZeros(vmo, page));
  }
  EXPECT_EQ(CommittedPages(vmo), 4U);
  EXPECT_OK(Permit(vmo, 0, 10));
  EXPECT_EQ(CommittedPages(vmo), 10U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 10}}));
  EXPECT_TRUE(HoldsSupplied(vmo, 3, 2));
  EXPECT_TRUE(HoldsZeros(vmo, 5, 3));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager supply_pages | an uncommitted page is supplied and then written | zeros that cost no memory, trapped like a
// page; then a page
TEST_P(PagerDirtyAccess, SuppliedZerosAreTrapped) {
  const PagedVmo vmo = Absent(1);
  ASSERT_OK(SupplyZeros(vmo, 0));
  EXPECT_OK(CheckWords(GetParam(), vmo, 0, 1, 0));
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(IsClean(vmo));
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(write.Wait());
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_PAGER_OP_FAIL while a write waits on supplied zeros | the write fails; they stay clean zeros
// without memory
TEST_F(PagerDirty, RefusalLeavesSuppliedZeros) {
  const PagedVmo vmo = Absent(1);
  ASSERT_OK(SupplyZeros(vmo, 0));
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Refuse(vmo, 0));
  EXPECT_STATUS(write.Wait(), ZX_ERR_IO);
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsZeros(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | clean zeros and pages lie side by side in a write | one DIRTY packet for them together
TEST_F(PagerDirty, ZerosAndPagesShareARequest) {
  const PagedVmo vmo = Absent(10);
  for (const uint64_t page : std::initializer_list<uint64_t>{3, 5, 6}) {
    ASSERT_OK(Supply(vmo, page));
  }
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 1, 2, 4, 7, 8}) {
    ASSERT_OK(SupplyZeros(vmo, page));
  }
  EXPECT_OK(Write(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_OK(Write(vmo, 2, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 4}}));
  TestThread write = Writing(vmo, 4, 6);
  ASSERT_TRUE(AsksDirty(vmo, 4, 5));
  ASSERT_OK(Permit(vmo, 4, 5));
  ASSERT_TRUE(AsksRead(vmo, 9));
  ASSERT_OK(Supply(vmo, 9));
  ASSERT_TRUE(AsksDirty(vmo, 9));
  ASSERT_OK(Permit(vmo, 9));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 10}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_write | 128 absent pages are written by one call | READ and DIRTY in turn for windows of 16 pages from where
// the write starts
TEST_F(PagerDirty, LargeWritesGoInWindowsOfSixteenPages) {
  const PagedVmo vmo = Absent(130);
  TestThread write = Writing(vmo, 2, 128);
  for (uint64_t page = 2; page < 130; page += 16) {
    ASSERT_TRUE(AsksRead(vmo, page, 16));
    ASSERT_OK(Supply(vmo, page, 8));
    ASSERT_OK(Supply(vmo, page + 8, 8));
    ASSERT_TRUE(AsksDirty(vmo, page, 16));
    ASSERT_OK(Permit(vmo, page, 8));
    ASSERT_OK(Permit(vmo, page + 8, 8));
  }
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{2, 128}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real task_suspend | a thread that waits for ZX_PAGER_VMO_DIRTY is suspended and resumed | it asks again
TEST_P(PagerDirtyAccess, SuspendedWritersAskAgain) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_TRUE(write.Suspend());
  write.Resume();
  EXPECT_TRUE(write.WaitForBlocked());
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
