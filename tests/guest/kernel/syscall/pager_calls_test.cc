// What the calls of pagers check, in which order, and what they say.
#include <zircon/syscalls/policy.h>

#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/sched/thread.h"
#include "tests/guest/kernel/syscall/pager_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

using abi::Syscall;

constexpr zx_handle_t kNoHandle = 3;  // looks like one
constexpr uint64_t kFailData = static_cast<uint64_t>(int64_t{ZX_ERR_IO});

class PagerCallsTest : public test::PagerTest {
 protected:
  int64_t Create(zx_handle_t pager, uint32_t options, zx_handle_t port, uint64_t size) {
    return Call(Syscall::pager_create_vmo, pager, options, port, kKey, size, out_);
  }
  int64_t Detach(zx_handle_t pager, zx_handle_t vmo) { return Call(Syscall::pager_detach_vmo, pager, vmo); }
  int64_t SupplyBytes(zx_handle_t pager, zx_handle_t vmo, uint64_t offset, uint64_t length, zx_handle_t aux,
                      uint64_t aux_offset) {
    return Call(Syscall::pager_supply_pages, pager, vmo, offset, length, aux, aux_offset);
  }
  int64_t OpBytes(zx_handle_t pager, uint32_t op, zx_handle_t vmo, uint64_t offset, uint64_t length, uint64_t data) {
    return Call(Syscall::pager_op_range, pager, op, vmo, offset, length, data);
  }
};

constexpr uint32_t kOperations[] = {ZX_PAGER_OP_FAIL, ZX_PAGER_OP_DIRTY, ZX_PAGER_OP_WRITEBACK_BEGIN,
                                    ZX_PAGER_OP_WRITEBACK_END};

TEST_F(PagerCallsTest, APagerHasRightsToAttachAndManageVmosButNoneToBeDuplicated) {
  EXPECT_EQ(RightsOf(pager_), 0x01808002u);
  const VirtualAddress record = Put(zx_info_handle_basic_t{});
  EXPECT_EQ(
      Call(Syscall::object_get_info, pager_, ZX_INFO_HANDLE_BASIC, record, sizeof(zx_info_handle_basic_t), 0ul, 0ul),
      ZX_OK);
  const auto info = Get<zx_info_handle_basic_t>(record);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_PAGER);
  EXPECT_EQ(info.rights, ZX_DEFAULT_PAGER_RIGHTS);
  EXPECT_EQ(info.related_koid, ZX_KOID_INVALID);
  EXPECT_EQ(Call(Syscall::handle_duplicate, pager_, ZX_RIGHT_SAME_RIGHTS, out_), ZX_ERR_ACCESS_DENIED);
}

TEST_F(PagerCallsTest, CreateTakesNoOptionsAndNeedsAPlaceForTheHandle) {
  const uint32_t handles = process_->handles().count();
  EXPECT_EQ(Call(Syscall::pager_create, 1u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::pager_create, 0u, uint64_t{0}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), handles);
}

TEST_F(PagerCallsTest, CreateVmoGivesWhatVmoCreateGives) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  EXPECT_EQ(RightsOf(vmo), ZX_DEFAULT_VMO_RIGHTS);
  EXPECT_EQ(RightsOf(CreatePagerVmo(1, ZX_VMO_RESIZABLE)), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE);
  EXPECT_EQ(Create(pager_, 0, port_, kPageSize + 1), ZX_OK);
  const RefPtr<VmoDispatcher> odd = *process_->handles().Get<VmoDispatcher>(Get<zx_handle_t>(out_), 0);
  EXPECT_EQ(odd->vmo().size(), 2 * kPageSize);
  EXPECT_EQ(odd->signals(), ZX_VMO_ZERO_CHILDREN);
  EXPECT_EQ(Call(Syscall::vmo_set_size, vmo, uint64_t{0}), ZX_ERR_UNAVAILABLE);
}

TEST_F(PagerCallsTest, CreateVmoChecksHandlesTypesRightsOptionsAndSize) {
  EXPECT_EQ(Create(kNoHandle, 0, port_, kPageSize), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Create(pager_, 0, kNoHandle, kPageSize), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Create(port_, 0, port_, kPageSize), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Create(pager_, 0, root_, kPageSize), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Create(Without(pager_, ZX_RIGHT_ATTACH_VMO), 0, port_, kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Create(pager_, 0, Without(port_, ZX_RIGHT_WRITE), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Create(pager_, ~0u, port_, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(pager_, ZX_VMO_DISCARDABLE, port_, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(pager_, ZX_VMO_RESIZABLE | ZX_VMO_UNBOUNDED, port_, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(pager_, ZX_VMO_UNBOUNDED, port_, UINT64_MAX), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(pager_, 0, port_, 0xffff'ffff'ffff'f001), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Create(pager_, 0, port_, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagerCallsTest, AVmoThatNobodyHasIsGoneAgain) {
  EXPECT_EQ(Call(Syscall::pager_create_vmo, pager_, 0u, port_, kKey, kPageSize, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(NextPacket(), Complete());
}

TEST_F(PagerCallsTest, DetachChecksHandlesTypesRightsAndWhoseVmoItIs) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  EXPECT_EQ(Detach(kNoHandle, vmo), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Detach(pager_, kNoHandle), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Detach(vmo, vmo), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Detach(pager_, pager_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Detach(pager_, Without(vmo, ZX_RIGHT_WRITE)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Detach(Without(pager_, ZX_RIGHT_ATTACH_VMO), vmo), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Detach(Without(pager_, ZX_RIGHT_MANAGE_VMO), vmo), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Detach(pager_, CreateVmo(kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Detach(CreatePager(), vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(NextPacket(), std::nullopt);
  EXPECT_EQ(Detach(pager_, vmo), ZX_OK);
}

TEST_F(PagerCallsTest, ChildrenAreNotThePagers) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  for (const uint32_t kind : {ZX_VMO_CHILD_SLICE, ZX_VMO_CHILD_REFERENCE, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE}) {
    const uint64_t size = kind == ZX_VMO_CHILD_REFERENCE ? 0 : kPageSize;
    ASSERT_EQ(Call(Syscall::vmo_create_child, vmo, kind, uint64_t{0}, size, out_), ZX_OK);
    const auto child = Get<zx_handle_t>(out_);
    EXPECT_EQ(Detach(pager_, child), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Supply(child, 0, 1), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(OpRange(ZX_PAGER_OP_FAIL, child, 0, 1, kFailData), ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(PagerCallsTest, SupplyChecksHandlesTypesAndRights) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  const zx_handle_t aux = CreateVmo(kPageSize);
  EXPECT_EQ(SupplyBytes(kNoHandle, vmo, 0, 0, aux, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(SupplyBytes(pager_, kNoHandle, 0, 0, aux, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, 0, kNoHandle, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(SupplyBytes(vmo, vmo, 0, 0, aux, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(SupplyBytes(pager_, pager_, 0, 0, aux, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, 0, port_, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(SupplyBytes(Without(pager_, ZX_RIGHT_MANAGE_VMO), vmo, 0, kPageSize, aux, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(SupplyBytes(pager_, Without(vmo, ZX_RIGHT_WRITE), 0, 0, aux, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, 0, Without(aux, ZX_RIGHT_WRITE), 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, 0, Without(aux, ZX_RIGHT_READ), 0), ZX_ERR_ACCESS_DENIED);
}

TEST_F(PagerCallsTest, SupplyAsksWhoseVmoItIsBeforeItLooksForTheSource) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  EXPECT_EQ(SupplyBytes(pager_, CreateVmo(kPageSize), 0, 0, kNoHandle, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(SupplyBytes(CreatePager(), vmo, 0, 0, kNoHandle, 0), ZX_ERR_INVALID_ARGS);
}

TEST_F(PagerCallsTest, SupplyTakesWholePagesInsideBothVmos) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  const zx_handle_t aux = CreateVmo(kPageSize);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 1, 0, aux, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, 1, aux, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, 0, aux, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(SupplyBytes(pager_, vmo, kPageSize, kPageSize, aux, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, kPageSize, aux, kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, kPageSize, aux, 0 - kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, kPageSize, vmo, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(SupplyBytes(pager_, vmo, 0, kPageSize, aux, 0), ZX_OK);
}

// Runs `call` on a thread of its own, has another thread kill it, and returns its status.
template <typename Call>
int64_t KillDuring(Call call) {
  int64_t status = ZX_OK;
  RefPtr<Thread> thread;
  fake_arch::StartThread([&] {
    thread = RefPtr<Thread>(Thread::Current());
    status = call();
  });
  fake_arch::StartThread([&] { thread->Kill(); });
  fake_arch::RunUntilIdle();
  return status;
}

TEST_F(PagerCallsTest, LongSupplyLetsOthersInAndEndsWithItsThread) {
  constexpr uint64_t kSize = 1024 * kPageSize;
  const zx_handle_t vmo = CreatePagerVmo(kSize / kPageSize);
  const zx_handle_t aux = CreateCommitted(kSize / kPageSize);
  EXPECT_EQ(KillDuring([&] {
              return CallHere(Syscall::pager_supply_pages, pager_, vmo, uint64_t{0}, kSize, aux, uint64_t{0});
            }),
            ZX_ERR_INTERNAL_INTR_KILLED);
  const RefPtr<VmoDispatcher> supplied = *process_->handles().Get<VmoDispatcher>(vmo, 0);
  const uint64_t done = supplied->vmo().committed_pages() * kPageSize;
  EXPECT_GT(done, 0u);
  EXPECT_LT(done, kSize);
  EXPECT_EQ(SupplyBytes(pager_, vmo, done, kSize - done, aux, done), ZX_OK) << "the rest is where it was";
  EXPECT_EQ(supplied->vmo().committed_pages() * kPageSize, kSize);
}

TEST_F(PagerCallsTest, LongDirtyThatFailsLeavesNothingDirty) {
  constexpr uint64_t kPages = 1024;
  const zx_handle_t vmo = CreatePagerVmo(kPages, ZX_VMO_TRAP_DIRTY);
  const uint64_t supplied = (kPages - 1) * kPageSize;
  ASSERT_EQ(SupplyBytes(pager_, vmo, 0, supplied, CreateCommitted(kPages), 0), ZX_OK);
  const auto dirty_all = [&] {
    return CallHere(Syscall::pager_op_range, pager_, ZX_PAGER_OP_DIRTY, vmo, uint64_t{0}, kPages * kPageSize,
                    uint64_t{0});
  };
  EXPECT_EQ(dirty_all(), ZX_ERR_NOT_FOUND) << "the last page is absent";
  const RefPtr<VmoDispatcher> object = *process_->handles().Get<VmoDispatcher>(vmo, 0);
  EXPECT_EQ(inspect::CountDirtyPages(object->vmo()), 0u);
}

TEST_F(PagerCallsTest, OpRangeChecksHandlesTypesRightsAndWhoseVmoItIs) {
  const zx_handle_t vmo = CreatePagerVmo(1, ZX_VMO_TRAP_DIRTY);
  for (const uint32_t op : kOperations) {
    EXPECT_EQ(OpBytes(kNoHandle, op, vmo, 0, 0, 0), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(OpBytes(pager_, op, kNoHandle, 0, 0, 0), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(OpBytes(vmo, op, vmo, 0, 0, 0), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(OpBytes(pager_, op, pager_, 0, 0, 0), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(OpBytes(Without(pager_, ZX_RIGHT_MANAGE_VMO), op, vmo, 0, 0, 100), ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(OpBytes(pager_, op, Without(vmo, ZX_RIGHT_WRITE), 0, 0, 0), ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(OpBytes(pager_, op, CreateVmo(kPageSize), 0, 0, 0), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(OpBytes(CreatePager(), op, vmo, 0, 0, 0), ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(PagerCallsTest, OpRangeTakesWholePagesInsideTheVmo) {
  const zx_handle_t vmo = CreatePagerVmo(1, ZX_VMO_TRAP_DIRTY);
  for (const uint32_t op : kOperations) {
    const uint64_t data = op == ZX_PAGER_OP_FAIL ? kFailData : 0;
    EXPECT_EQ(OpBytes(pager_, op, vmo, 1, 0, data), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(OpBytes(pager_, op, vmo, 0, 1, data), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(OpBytes(pager_, op, vmo, kPageSize, kPageSize, data), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(OpBytes(pager_, op, vmo, kPageSize, 0 - kPageSize, data), ZX_ERR_OUT_OF_RANGE);
  }
}

TEST_F(PagerCallsTest, OpRangeTakesOnlyTheDataThatTheOperationKnows) {
  const zx_handle_t vmo = CreatePagerVmo(1, ZX_VMO_TRAP_DIRTY);
  for (const uint64_t data : {uint64_t{0x11'ffff'ffff}, static_cast<uint64_t>(int64_t{ZX_ERR_INTERNAL}), uint64_t{100},
                              uint64_t{0}, uint64_t{static_cast<uint32_t>(ZX_ERR_IO)}}) {
    EXPECT_EQ(OpRange(ZX_PAGER_OP_FAIL, vmo, 0, 1, data), ZX_ERR_INVALID_ARGS) << data;
  }
  for (const zx_status_t status :
       {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL}) {
    EXPECT_EQ(OpRange(ZX_PAGER_OP_FAIL, vmo, 0, 1, static_cast<uint64_t>(int64_t{status})), ZX_OK);
  }
  EXPECT_EQ(OpRange(ZX_PAGER_OP_DIRTY, vmo, 0, 1, 100), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, vmo, 0, 1, 100), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, vmo, 0, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO), ZX_OK);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_END, vmo, 0, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO), ZX_ERR_INVALID_ARGS);
}

TEST_F(PagerCallsTest, OpRangeKnowsNoOtherOperationAndDirtyOnlyWhereItIsTrapped) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  EXPECT_EQ(OpRange(0, vmo, 0, 1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(OpRange(5, vmo, 0, 1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_DIRTY, vmo, 0, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_DIRTY, CreatePagerVmo(1, ZX_VMO_TRAP_DIRTY), 0, 1), ZX_ERR_NOT_FOUND);
}

TEST_F(PagerCallsTest, WhatWasDetachedTakesNoMorePagesAndNoMoreFailures) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  EXPECT_EQ(Detach(pager_, vmo), ZX_OK);
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_FAIL, vmo, 0, 1, kFailData), ZX_ERR_BAD_STATE);
}

TEST_F(PagerCallsTest, VmosOfPagersAreBackedByThemAndSoAreTheirClones) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  ASSERT_EQ(Call(Syscall::vmo_create_child, vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, uint64_t{0}, kPageSize, out_),
            ZX_OK);
  const auto clone = Get<zx_handle_t>(out_);
  const VirtualAddress record = Put(zx_info_vmo_t{});
  for (const zx_handle_t handle : {vmo, clone, CreateVmo(kPageSize)}) {
    EXPECT_EQ(Call(Syscall::object_get_info, handle, ZX_INFO_VMO, record, sizeof(zx_info_vmo_t), 0, 0), ZX_OK);
    const auto info = Get<zx_info_vmo_t>(record);
    EXPECT_EQ((info.flags & ZX_INFO_VMO_PAGER_BACKED) != 0, handle == vmo || handle == clone);
    EXPECT_EQ(info.committed_change_events, 0u);
    EXPECT_EQ(info.populated_bytes, 0u);
  }
}

}  // namespace
}  // namespace gk
