#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/reclaim.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class VmoOpRangeTest : public test::SyscallTest {
 protected:
  VmoOpRangeTest() : state_(Put(zx_vmo_lock_state_t{9, 9, 9, 9})) {}
  ~VmoOpRangeTest() override {
    debugging_syscalls = false;
    api_policy = ApiPolicy::kDocumented;
  }

  int64_t Op(zx_handle_t vmo, uint32_t op, uint64_t offset, uint64_t length) {
    return Call(Syscall::vmo_op_range, vmo, op, offset, length, state_, sizeof(zx_vmo_lock_state_t));
  }
  size_t CommittedPages(zx_handle_t vmo) {
    return (*process_->handles().Get<VmoDispatcher>(vmo, 0))->vmo().committed_pages();
  }

  VirtualAddress state_;
};

TEST_F(VmoOpRangeTest, CommitRoundsOutwardsDecommitDemandsPages) {
  const zx_handle_t vmo = CreateVmo(2 * kPageSize);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, 0x10, 0x100), ZX_OK);
  EXPECT_EQ(CommittedPages(vmo), 1u);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_DECOMMIT, 0x10, 0x100), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_DECOMMIT, 0, 2 * kPageSize), ZX_OK);
  EXPECT_EQ(CommittedPages(vmo), 0u);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, kPageSize, UINT64_MAX - kPageSize + 1), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoOpRangeTest, ZeroTakesAnyRangeEvenAnEmptyOneAtTheEnd) {
  const zx_handle_t vmo = CreateVmo(2 * kPageSize);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, 0, 2 * kPageSize), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_ZERO, 42, kPageSize), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_ZERO, 2 * kPageSize, 0), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_ZERO, 0, 2 * kPageSize), ZX_OK);
  EXPECT_EQ(CommittedPages(vmo), 0u);
}

TEST_F(VmoOpRangeTest, EveryOperationOutsideTheObjectIsOutOfRange) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  for (const uint32_t op : {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO, ZX_VMO_OP_CACHE_SYNC,
                            ZX_VMO_OP_CACHE_INVALIDATE, ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE,
                            ZX_VMO_OP_DONT_NEED, ZX_VMO_OP_ALWAYS_NEED, ZX_VMO_OP_PREFETCH}) {
    EXPECT_EQ(Op(vmo, op, 0, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE) << op;
  }
  const zx_handle_t discardable = CreateVmo(kPageSize, ZX_VMO_DISCARDABLE);
  for (const uint32_t op : {ZX_VMO_OP_LOCK, ZX_VMO_OP_TRY_LOCK, ZX_VMO_OP_UNLOCK}) {
    EXPECT_EQ(Op(discardable, op, 0, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(discardable, op, kPageSize, kPageSize), ZX_ERR_OUT_OF_RANGE) << op;
  }
}

TEST_F(VmoOpRangeTest, TheRealSystemTakesHintsForAnyRangeWhereTheyMeanNothing) {
  api_policy = ApiPolicy::kZircon;
  const zx_handle_t vmo = CreateVmo(kPageSize);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_DONT_NEED, 0, 2 * kPageSize), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_ALWAYS_NEED, 0, 2 * kPageSize), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_PREFETCH, 0, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoOpRangeTest, EachOperationNeedsItsRight) {
  const zx_handle_t vmo = CreateVmo(kPageSize, ZX_VMO_DISCARDABLE);
  const zx_handle_t reader = Without(vmo, ZX_RIGHT_WRITE);
  const zx_handle_t writer = Without(vmo, ZX_RIGHT_READ);
  const zx_handle_t neither = Without(vmo, ZX_RIGHTS_IO);
  for (const uint32_t op : {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO, ZX_VMO_OP_CACHE_INVALIDATE}) {
    EXPECT_EQ(Op(reader, op, 0, kPageSize), ZX_ERR_ACCESS_DENIED) << op;
  }
  for (const uint32_t op :
       {ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE, ZX_VMO_OP_PREFETCH}) {
    EXPECT_EQ(Op(writer, op, 0, kPageSize), ZX_ERR_ACCESS_DENIED) << op;
    EXPECT_EQ(Op(reader, op, 0, kPageSize), ZX_OK) << op;
  }
  for (const uint32_t op : {ZX_VMO_OP_LOCK, ZX_VMO_OP_UNLOCK, ZX_VMO_OP_TRY_LOCK, ZX_VMO_OP_UNLOCK, ZX_VMO_OP_DONT_NEED,
                            ZX_VMO_OP_ALWAYS_NEED}) {
    EXPECT_EQ(Op(neither, op, 0, kPageSize), ZX_ERR_ACCESS_DENIED) << op;
    EXPECT_EQ(Op(reader, op, 0, kPageSize), ZX_OK) << op;
  }
}

TEST_F(VmoOpRangeTest, LockTellsWhatIsLockedAndWhatWasLost) {
  const zx_handle_t vmo = CreateVmo(3 * kPageSize, ZX_VMO_DISCARDABLE);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_LOCK, 0, 3 * kPageSize), ZX_OK);
  auto state = Get<zx_vmo_lock_state_t>(state_);
  EXPECT_EQ(state.offset, 0u);
  EXPECT_EQ(state.size, 3 * kPageSize);
  EXPECT_EQ(state.discarded_size, 0u);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_COMMIT, 0, kPageSize), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize), ZX_OK);
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize), ZX_ERR_UNAVAILABLE);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_LOCK, 0, 3 * kPageSize), ZX_OK);
  state = Get<zx_vmo_lock_state_t>(state_);
  EXPECT_EQ(state.discarded_offset, 0u);
  EXPECT_EQ(state.discarded_size, 3 * kPageSize);
}

TEST_F(VmoOpRangeTest, ALockThatCannotBeToldIsNotTaken) {
  const zx_handle_t vmo = CreateVmo(kPageSize, ZX_VMO_DISCARDABLE);
  const VirtualAddress null = 0;
  for (const auto& [buffer, size] :
       {std::pair{null, size_t{0}}, {state_, 0}, {null, sizeof(zx_vmo_lock_state_t)}, {state_, 8}, {kBadAddress, 32}}) {
    EXPECT_EQ(Call(Syscall::vmo_op_range, vmo, ZX_VMO_OP_LOCK, 0, kPageSize, buffer, size), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Op(vmo, ZX_VMO_OP_UNLOCK, 0, kPageSize), ZX_ERR_BAD_STATE);
  }
}

TEST_F(VmoOpRangeTest, ALostLockLeavesLostContentLost) {
  const zx_handle_t vmo = CreateVmo(kPageSize, ZX_VMO_DISCARDABLE);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_LOCK, 0, kPageSize), ZX_OK);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_UNLOCK, 0, kPageSize), ZX_OK);
  reclaim::ReclaimAll();
  EXPECT_EQ(Call(Syscall::vmo_op_range, vmo, ZX_VMO_OP_LOCK, 0, kPageSize, kBadAddress, 32), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_TRY_LOCK, 0, kPageSize), ZX_ERR_UNAVAILABLE);
}

TEST_F(VmoOpRangeTest, LocksOfOtherObjectsAreNotSupportedWhateverTheBuffer) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  const VirtualAddress null = 0;
  for (const uint32_t op : {ZX_VMO_OP_LOCK, ZX_VMO_OP_TRY_LOCK, ZX_VMO_OP_UNLOCK}) {
    EXPECT_EQ(Call(Syscall::vmo_op_range, vmo, op, 0, kPageSize, null, 0), ZX_ERR_NOT_SUPPORTED) << op;
  }
}

TEST_F(VmoOpRangeTest, CacheOperationsRefuseEmptyRangesAndInvalidatingNeedsAKernelOption) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  for (const uint32_t op :
       {ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_INVALIDATE, ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE}) {
    EXPECT_EQ(Op(vmo, op, 0, 0), ZX_ERR_INVALID_ARGS) << op;
  }
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_CACHE_INVALIDATE, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  debugging_syscalls = true;
  EXPECT_EQ(Op(vmo, ZX_VMO_OP_CACHE_INVALIDATE, 0, kPageSize), ZX_OK);
}

TEST_F(VmoOpRangeTest, UnknownOperationsAreInvalidAfterTheHandleWasChecked) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  for (const uint32_t op : {0u, 5u, 15u, UINT32_MAX}) {
    EXPECT_EQ(Op(Without(vmo, UINT32_MAX), op, 0, kPageSize), ZX_ERR_INVALID_ARGS) << op;
    EXPECT_EQ(Op(root_, op, 0, kPageSize), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(Op(ZX_HANDLE_INVALID, op, 0, kPageSize), ZX_ERR_BAD_HANDLE);
  }
}

}  // namespace
}  // namespace gk
