// Waits for permission to write that end in another way than by an answer, and writes that the kernel does for
// programs.
#include <zircon/syscalls/object.h>

#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerDirtyWaits : public TrapDirtyTest {};
class PagerDirtyWaitsEitherWay : public EitherWayTest {};
INSTANTIATE_EITHER_WAY(PagerDirtyWaitsEitherWay);

// real op_range | ZX_PAGER_OP_DIRTY comes before the DIRTY packet was taken from the port | the packet is withdrawn
TEST_F(PagerDirtyWaits, EarlyPermissionWithdrawsThePacket) {
  const PagedVmo vmo = Supplied(2);
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(write.WaitForBlocked());
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(write.Wait());
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(Write(vmo, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_PAGER_OP_FAIL comes before the DIRTY packet was taken from the port | the packet is withdrawn
TEST_F(PagerDirtyWaits, EarlyRefusalWithdrawsThePacket) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(write.WaitForBlocked());
  ASSERT_OK(Refuse(vmo, 0));
  EXPECT_STATUS(write.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(IsQuiet(vmo));
}

// real detach_vmo | the DIRTY packet of a waiting write was not taken from the port | it is withdrawn,
// ZX_PAGER_VMO_COMPLETE comes
TEST_F(PagerDirtyWaits, DetachWithdrawsThePacket) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(write.WaitForBlocked());
  ASSERT_OK(pager_.Detach(vmo));
  EXPECT_STATUS(write.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager_.WaitForComplete(vmo.key()));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real task_kill | a thread that waits for ZX_PAGER_VMO_DIRTY is killed | it ends; the answer is OK and serves the next
// write
TEST_F(PagerDirtyWaits, KilledWritersLeaveNothing) {
  const PagedVmo vmo = Supplied(2);
  TestThread write = Writing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_TRUE(write.WaitForBlocked());
  ASSERT_OK(zx_task_kill(write.handle()->get()));
  EXPECT_NOT_OK(write.Wait());
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(Permit(vmo, 0));
  EXPECT_OK(Writing(vmo, 0).Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real task_kill | one of two threads that wait for one ZX_PAGER_VMO_DIRTY is killed, the one that caused it | the
// other waits on and is answered
TEST_F(PagerDirtyWaits, OtherWritersOutliveTheKilledOne) {
  const PagedVmo vmo = Supplied(1);
  TestThread first = Writing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  TestThread second = Storing(vmo, 0);
  ASSERT_TRUE(first.WaitForBlocked());
  ASSERT_TRUE(second.WaitForBlocked());
  ASSERT_OK(zx_task_kill(first.handle()->get()));
  EXPECT_NOT_OK(first.Wait());
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real set_size | the VMO loses a part of what a write waits for, but not the page that is next | the rest of the
// request is answered; the write ends with OUT_OF_RANGE where the VMO now ends
TEST_F(PagerDirtyWaits, ShrinkingCutsRequests) {
  PagedVmo vmo = Supplied(4, ZX_VMO_RESIZABLE);
  TestThread write = Writing(vmo, 0, 4);
  ASSERT_TRUE(AsksDirty(vmo, 0, 4));
  ASSERT_TRUE(write.WaitForBlocked());
  ASSERT_TRUE(vmo.Resize(2));
  EXPECT_TRUE(write.WaitForBlocked());
  ASSERT_OK(Permit(vmo, 0, 2));
  EXPECT_STATUS(write.Wait(), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(HoldsWritten(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real unmap | the mapping goes while a store through it waits for ZX_PAGER_VMO_DIRTY | the thread waits for the
// answer, then faults with NOT_FOUND
TEST_F(PagerDirtyWaits, UnmappingDoesNotAnswer) {
  PagedVmo vmo = Supplied(1);
  const zx_vaddr_t address = vmo.address();
  TestThread store = Storing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_TRUE(store.WaitForBlocked());
  vmo.Unmap();
  EXPECT_TRUE(store.WaitForBlocked());
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_TRUE(store.WaitForCrash(address, ZX_ERR_NOT_FOUND));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real get_info | the answer of a call goes to a clean page of a pager's VMO | a write like any other: tracked, and
// asked about with TRAP_DIRTY
TEST_P(PagerDirtyWaitsEitherWay, AnswersOfCallsAreWrites) {
  const PagedVmo vmo = Supplied(1);
  TestThread call([&vmo] {
    return zx_object_get_info(vmo.get(), ZX_INFO_HANDLE_BASIC, AtAddress<void>(vmo.address()),
                              sizeof(zx_info_handle_basic_t), nullptr, nullptr);
  });
  EXPECT_OK(Permitted(std::move(call), vmo, 0));
  EXPECT_NE(vmo.word(0), vmo.tag(0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real get_info | the answer of a call goes to a clean page, and ZX_PAGER_OP_FAIL | the call fails
TEST_F(PagerDirtyWaits, AnswersOfCallsCanBeRefused) {
  const PagedVmo vmo = Supplied(1);
  TestThread call([&vmo] {
    return zx_object_get_info(vmo.get(), ZX_INFO_HANDLE_BASIC, AtAddress<void>(vmo.address()),
                              sizeof(zx_info_handle_basic_t), nullptr, nullptr);
  });
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Refuse(vmo, 0));
  const zx_status_t status = call.Wait();
  EXPECT_TRUE(status != ZX_OK && status != ZX_ERR_TIMED_OUT);
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real vmo_read | into a mapping of clean pages of another pager's VMO | a write of those: tracked, and asked about
// page by page with TRAP_DIRTY
TEST_P(PagerDirtyWaitsEitherWay, ReadsIntoPagesAreWritesOfThem) {
  const PagedVmo source = pager_.Create(2);
  ASSERT_OK(Supply(source, 0, 2));
  const PagedVmo vmo = Supplied(2);
  TestThread read([&] { return source.vmo().read(AtAddress<void>(vmo.address()), 0, 2 * kPageSize); });
  if (traps()) {
    ASSERT_TRUE(AsksDirty(vmo, 0));
    ASSERT_OK(Permit(vmo, 0));
    ASSERT_TRUE(AsksDirty(vmo, 1));
    ASSERT_OK(Permit(vmo, 1));
  }
  EXPECT_OK(read.Wait());
  EXPECT_EQ(vmo.word(1), source.tag(1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(IsClean(source));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_TRUE(IsQuiet(source));
}

// real vmo_write | from a mapping of an absent page of the same VMO | DIRTY for the target, READ for the source
TEST_F(PagerDirtyWaits, WritesFromTheSameVmoAskForBothSides) {
  const PagedVmo vmo = Absent(2);
  ASSERT_OK(Supply(vmo, 0));
  TestThread write([&vmo] { return vmo.vmo().write(AtAddress<void>(vmo.address(1)), 0, kPageSize); });
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(Supply(vmo, 1));
  EXPECT_OK(write.Wait());
  EXPECT_EQ(vmo.word(0), vmo.tag(1));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmar op_range | ZX_VMAR_OP_ZERO and _COMMIT of a mapping of a pager's pages | as of the VMO: ZERO asks nobody, COMMIT
// only for what is absent
TEST_P(PagerDirtyWaitsEitherWay, OperationsOnMappingsAreThoseOfTheVmo) {
  const PagedVmo vmo = Absent(3);
  ASSERT_OK(Supply(vmo, 0));
  const zx_handle_t root = zx_vmar_root_self();
  EXPECT_OK(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, vmo.address(1), kPageSize, nullptr, 0));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  TestThread commit([&] { return zx_vmar_op_range(root, ZX_VMAR_OP_COMMIT, vmo.address(2), kPageSize, nullptr, 0); });
  ASSERT_TRUE(AsksRead(vmo, 2));
  ASSERT_OK(Supply(vmo, 2));
  EXPECT_OK(commit.Wait());
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  EXPECT_TRUE(HoldsSupplied(vmo, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmo op_range | ZX_VMO_OP_DECOMMIT of a pager's VMO, dirty pages or not | NOT_SUPPORTED, and nothing changes
TEST_P(PagerDirtyWaitsEitherWay, DecommitIsNotSupported) {
  const PagedVmo vmo = Supplied(2);
  EXPECT_OK(Write(vmo, 0));
  EXPECT_STATUS(OpRange(vmo.vmo(), ZX_VMO_OP_DECOMMIT, 0, 2 * kPageSize), ZX_ERR_NOT_SUPPORTED);
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmo op_range | ZX_VMO_OP_CACHE_SYNC, _CLEAN and _CLEAN_INVALIDATE of absent, clean and dirty pages | OK; nobody is
// asked and nothing gets dirty
TEST_P(PagerDirtyWaitsEitherWay, CacheOperationsAreNoAccesses) {
  const PagedVmo vmo = Absent(3);
  ASSERT_OK(Supply(vmo, 0, 2));
  EXPECT_OK(Write(vmo, 0));
  for (const uint32_t op : {ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE}) {
    EXPECT_OK(OpRange(vmo.vmo(), op, 0, 2 * kPageSize));
  }
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
