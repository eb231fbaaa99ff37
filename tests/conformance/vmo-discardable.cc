// ZX_VMO_DISCARDABLE and the lock operations.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx_status_t Lock(const zx::vmo& vmo, uint64_t offset, uint64_t size, zx_vmo_lock_state_t* state) {
  return zx_vmo_op_range(vmo.get(), ZX_VMO_OP_LOCK, offset, size, state, sizeof(*state));
}

// vmo create | ZX_VMO_DISCARDABLE | ZX_INFO_VMO says so; a new one is unlocked
TEST(VmoDiscardable, StartsUnlocked) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  EXPECT_NE(InfoOf(vmo).flags & ZX_INFO_VMO_DISCARDABLE, 0U);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize), ZX_ERR_BAD_STATE);
}

// vmo op_range | ZX_VMO_OP_LOCK | OK, and the state says what was locked and that nothing was discarded
TEST(VmoDiscardable, LockTellsTheState) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  zx_vmo_lock_state_t state = {.offset = 7, .size = 7, .discarded_offset = 7, .discarded_size = 7};
  ASSERT_OK(Lock(vmo, 0, 3 * kPageSize, &state));
  EXPECT_EQ(state.offset, 0U);
  EXPECT_EQ(state.size, 3 * kPageSize);
  EXPECT_EQ(state.discarded_offset, 0U);
  EXPECT_EQ(state.discarded_size, 0U);
  EXPECT_EQ(CommittedPages(vmo), 0U);
  EXPECT_OK(SetTag(vmo, 1, 5));
  EXPECT_EQ(TagOf(vmo, 1), 5U);
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize));
}

// vmo op_range | ZX_VMO_OP_TRY_LOCK and nothing was discarded | OK
// vmo op_range | ZX_VMO_OP_UNLOCK as often as it was locked | OK, once more is BAD_STATE
TEST(VmoDiscardable, LocksAreCounted) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize));
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize));
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize));
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize));
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize), ZX_ERR_BAD_STATE);
}

// vmo op_range | ZX_VMO_OP_LOCK, _TRY_LOCK or _UNLOCK of a VMO that is not discardable | NOT_SUPPORTED
TEST(VmoDiscardable, OtherVmosCannotBeLocked) {
  const zx::vmo vmo = MakeVmo(3);
  zx_vmo_lock_state_t state = {};
  EXPECT_STATUS(Lock(vmo, 0, 3 * kPageSize, &state), ZX_ERR_NOT_SUPPORTED);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_LOCK, 0, 3 * kPageSize), ZX_ERR_NOT_SUPPORTED);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize), ZX_ERR_NOT_SUPPORTED);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize), ZX_ERR_NOT_SUPPORTED);
}

// vmo op_range | a lock operation on less than the whole VMO | OUT_OF_RANGE
TEST(VmoDiscardable, OnlyTheWholeCanBeLocked) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  struct {
    uint64_t offset;
    uint64_t size;
  } ranges[] = {{0, kPageSize}, {kPageSize, 2 * kPageSize}, {kPageSize, kPageSize}, {0, 4 * kPageSize}};
  for (const auto& range : ranges) {
    zx_vmo_lock_state_t state = {};
    EXPECT_STATUS(Lock(vmo, range.offset, range.size, &state), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, range.offset, range.size), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_UNLOCK, range.offset, range.size), ZX_ERR_OUT_OF_RANGE);
  }
}

// vmo op_range | ZX_VMO_OP_LOCK and buffer is an invalid pointer or too small | INVALID_ARGS, nothing is locked
TEST(VmoDiscardable, LockNeedsABuffer) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  zx_vmo_lock_state_t state = {};
  auto lock = [&](void* buffer, size_t size) {
    return zx_vmo_op_range(vmo.get(), ZX_VMO_OP_LOCK, 0, 3 * kPageSize, buffer, size);
  };
  EXPECT_STATUS(lock(nullptr, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(lock(&state, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(lock(&state, 8), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(lock(nullptr, sizeof(state)), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize), ZX_ERR_BAD_STATE);
}

// vmo op_range | a lock operation and the handle has neither ZX_RIGHT_READ nor ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmoDiscardable, LockNeedsOneOfTwoRights) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  for (const zx_rights_t right : {ZX_RIGHT_READ, ZX_RIGHT_WRITE}) {
    const zx::vmo weak = WithRights(vmo, right);
    EXPECT_OK(OpRange(weak, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize));
    EXPECT_OK(OpRange(weak, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize));
  }
  const zx::vmo weak = WithRights(vmo, ZX_RIGHT_MAP);
  zx_vmo_lock_state_t state = {};
  EXPECT_STATUS(Lock(weak, 0, 3 * kPageSize, &state), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(OpRange(weak, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(OpRange(weak, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize), ZX_ERR_ACCESS_DENIED);
}

// vmar map | the VMO is discardable and ZX_VM_ALLOW_FAULTS is not given | NOT_SUPPORTED
TEST(VmoDiscardable, MappingNeedsAllowFaults) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  EXPECT_STATUS(Mapping(vmo, kReadWrite, 3 * kPageSize).status(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_OK(Mapping(vmo, kReadWrite | ZX_VM_ALLOW_FAULTS, 3 * kPageSize).status());
}

// vmo create_child | the VMO is discardable | NOT_SUPPORTED, for every kind of child
TEST(VmoDiscardable, HasNoChildren) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  for (const uint32_t kind : {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SLICE}) {
    EXPECT_STATUS(TryChild(vmo, kind, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  }
}

// vmo create | ZX_VMO_DISCARDABLE and memory runs short while it is unlocked | it is discarded
// vmo op_range | ZX_VMO_OP_TRY_LOCK of a VMO that was discarded | UNAVAILABLE
// vmo op_range | ZX_VMO_OP_LOCK of a VMO that was discarded | OK, the state tells the discarded range; it reads 0
TEST(VmoDiscardable, IsDiscardedBeforeMemoryRunsOut) {
  constexpr uint64_t kPages = 1024;
  const zx::vmo vmo = MakeVmo(kPages, ZX_VMO_DISCARDABLE);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, kPages * kPageSize));
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_COMMIT, 0, kPages * kPageSize));
  ASSERT_OK(SetTag(vmo, 5, 5));
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, kPages * kPageSize));
  {
    const zx::vmo hungry = MakeVmo(uint64_t{1} << 26);
    EXPECT_STATUS(OpRange(hungry, ZX_VMO_OP_COMMIT, 0, kPageSize << 26), ZX_ERR_NO_MEMORY);
  }
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, kPages * kPageSize), ZX_ERR_UNAVAILABLE);
  zx_vmo_lock_state_t state = {};
  ASSERT_OK(Lock(vmo, 0, kPages * kPageSize, &state));
  EXPECT_EQ(state.discarded_size, kPages * kPageSize);
  EXPECT_EQ(TagOf(vmo, 5), 0U);
}

// vmo op_range | ZX_VMO_OP_UNLOCK and nothing was discarded yet | the pages count as committed
TEST(VmoDiscardable, UnlockedPagesCountUntilTheyAreDiscarded) {
  const zx::vmo vmo = MakeVmo(3, ZX_VMO_DISCARDABLE);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, 3 * kPageSize));
  ASSERT_OK(SetTag(vmo, 1, 5));
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_UNLOCK, 0, 3 * kPageSize));
  EXPECT_EQ(CommittedPages(vmo), 1U);
}

}  // namespace
}  // namespace conformance
