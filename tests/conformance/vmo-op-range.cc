// zx_vmo_op_range: COMMIT, DECOMMIT, the cache operations and the hints. ZERO and the locks have programs of their own.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

constexpr uint32_t kCacheOps[] = {ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE};

// vmo op_range | ZX_VMO_OP_COMMIT | all pages in the range are committed, the content stays
TEST(VmoOpRange, CommitMakesThePages) {
  const zx::vmo vmo = MakeVmo(8);
  ASSERT_OK(SetTag(vmo, 2, 22));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_COMMIT, kPageSize, 3 * kPageSize));
  EXPECT_EQ(CommittedPages(vmo), 3U);
  EXPECT_EQ(TagOf(vmo, 2), 22U);
  EXPECT_EQ(TagOf(vmo, 1), 0U);
}

// real op_range | ZX_VMO_OP_COMMIT of an unaligned range | the range is rounded outwards
TEST(VmoOpRange, CommitRoundsOutwards) {
  const zx::vmo vmo = MakeVmo(4);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_COMMIT, 0x10, kPageSize));
  EXPECT_EQ(CommittedPages(vmo), 2U);
}

// vmo op_range | ZX_VMO_OP_DECOMMIT | the pages are given back and read 0, also in mappings
TEST(VmoOpRange, DecommitGivesThePagesBack) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
  EXPECT_EQ(mapping.tag(1), 2U);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_DECOMMIT, kPageSize, 2 * kPageSize));
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_EQ(mapping.tag(0), 1U);
  EXPECT_EQ(mapping.tag(1), 0U);
  EXPECT_EQ(TagOf(vmo, 2), 0U);
  EXPECT_EQ(TagOf(vmo, 3), 4U);
}

// vmo op_range | ZX_VMO_OP_DECOMMIT and the range is not page-aligned | INVALID_ARGS
TEST(VmoOpRange, DecommitOfAnUnalignedRangeIsRefused) {
  const zx::vmo vmo = MakeTagged(2, 0);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0x10, 0x100), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TagOf(vmo, 0), 1U);
}

// vmo op_range | ZX_VMO_OP_DECOMMIT of a snapshot | NOT_SUPPORTED
// vmo create_child | ZX_VMO_OP_DECOMMIT of a child that is no slice | NOT_SUPPORTED
TEST(VmoOpRange, DecommitOfASnapshotIsRefused) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 2);
  EXPECT_STATUS(OpRange(child, ZX_VMO_OP_DECOMMIT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(TagOf(child, 0), 1U);
}

// vmo op_range | ZX_VMO_OP_DECOMMIT of a VMO that has a snapshot | NOT_SUPPORTED
TEST(VmoOpRange, DecommitOfAVmoWithSnapshotsIsRefused) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 2);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(TagOf(child, 0), 1U);
}

// vmo op_range | ZX_VMO_OP_DECOMMIT of a slice | the parent's pages go
TEST(VmoOpRange, DecommitOfASliceReachesTheParent) {
  const zx::vmo vmo = MakeTagged(3, 0);
  const zx::vmo slice = MakeChild(vmo, ZX_VMO_CHILD_SLICE, 1, 2);
  ASSERT_OK(OpRange(slice, ZX_VMO_OP_DECOMMIT, 0, kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), 0U);
  EXPECT_EQ(TagOf(vmo, 2), 3U);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 2 * kPageSize, kPageSize));
  EXPECT_EQ(TagOf(slice, 1), 0U);
}

// vmo op_range | offset and size describe an invalid range | OUT_OF_RANGE, for every operation
TEST(VmoOpRange, RangesBeyondTheEndAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uint32_t op : {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO, ZX_VMO_OP_CACHE_SYNC,
                            ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE}) {
    EXPECT_STATUS(OpRange(vmo, op, 0, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE, "operation %u", op);
    EXPECT_STATUS(OpRange(vmo, op, kPageSize, kPageSize), ZX_ERR_OUT_OF_RANGE, "operation %u", op);
    EXPECT_STATUS(OpRange(vmo, op, kPageSize, UINT64_MAX - kPageSize + 1), ZX_ERR_OUT_OF_RANGE, "operation %u", op);
  }
}

// vmo op_range | ZX_VMO_OP_CACHE_SYNC, _CLEAN, _CLEAN_INVALIDATE | OK, the content stays
TEST(VmoOpRange, CacheOperationsKeepTheContent) {
  const zx::vmo vmo = MakeTagged(2, 0);
  for (const uint32_t op : kCacheOps) {
    EXPECT_OK(OpRange(vmo, op, 0, 2 * kPageSize));
    EXPECT_OK(OpRange(vmo, op, 10, 100));
  }
  EXPECT_EQ(TagOf(vmo, 1), 2U);
}

// vmo op_range | size is zero and op is a cache operation | INVALID_ARGS
TEST(VmoOpRange, CacheOperationsOnNothingAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uint32_t op : kCacheOps) {
    EXPECT_STATUS(OpRange(vmo, op, 0, 0), ZX_ERR_INVALID_ARGS);
  }
}

// vmo op_range | ZX_VMO_OP_CACHE_INVALIDATE without kernel.enable-debugging-syscalls | NOT_SUPPORTED
TEST(VmoOpRange, CacheInvalidateIsNotForEverybody) {
  EXPECT_STATUS(OpRange(MakeVmo(1), ZX_VMO_OP_CACHE_INVALIDATE, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
}

// real op_range | a cache operation on all of a huge VMO with few pages | OK, at once
TEST(VmoOpRange, CacheOperationsSkipWhatIsNotThere) {
  constexpr uint64_t kSize = UINT64_MAX - 64 * kPageSize + 1;
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kSize, 0, &vmo));
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_CACHE_CLEAN, 0, kSize));
  for (uint64_t i = 0; i < 64; ++i) {
    ASSERT_OK(vmo.write(&i, kSize / 64 * i / 8 * 8, sizeof(i)));
  }
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_CACHE_CLEAN, 0, kSize));
}

// vmo op_range | ZX_VMO_OP_DONT_NEED on a VMO without a pager | OK, without effect
// vmo op_range | ZX_VMO_OP_ALWAYS_NEED on a VMO without a pager | OK, without effect
TEST(VmoOpRange, HintsAreTriviallyTaken) {
  const zx::vmo vmo = MakeTagged(2, 0);
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_DONT_NEED, 10, kPageSize));
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_ALWAYS_NEED, 10, kPageSize));
  EXPECT_EQ(TagOf(vmo, 0), 1U);
  EXPECT_EQ(TagOf(vmo, 1), 2U);
}

// vmo op_range | ZX_VMO_OP_COMMIT, _DECOMMIT, _ZERO or _CACHE_INVALIDATE and the handle lacks ZX_RIGHT_WRITE |
// ACCESS_DENIED
TEST(VmoOpRange, ChangesNeedTheRightToWrite) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_READ | ZX_RIGHT_MAP);
  for (const uint32_t op : {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO, ZX_VMO_OP_CACHE_INVALIDATE}) {
    EXPECT_STATUS(OpRange(vmo, op, 0, kPageSize), ZX_ERR_ACCESS_DENIED, "operation %u", op);
  }
}

// vmo op_range | ZX_VMO_OP_CACHE_SYNC, _CLEAN or _CLEAN_INVALIDATE and the handle lacks ZX_RIGHT_READ | ACCESS_DENIED
TEST(VmoOpRange, CacheOperationsNeedTheRightToRead) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_WRITE | ZX_RIGHT_MAP);
  for (const uint32_t op : kCacheOps) {
    EXPECT_STATUS(OpRange(vmo, op, 0, kPageSize), ZX_ERR_ACCESS_DENIED, "operation %u", op);
  }
}

// vmo op_range | op is not a valid operation | INVALID_ARGS
TEST(VmoOpRange, UnknownOperationsAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uint32_t op : {0U, 5U, 15U, 100U, UINT32_MAX}) {
    EXPECT_STATUS(OpRange(vmo, op, 0, kPageSize), ZX_ERR_INVALID_ARGS, "operation %u", op);
  }
}

// vmo op_range | handle is not a valid handle | BAD_HANDLE
// vmo op_range | handle is not a VMO handle | WRONG_TYPE
TEST(VmoOpRange, OtherHandlesAreRefused) {
  EXPECT_STATUS(zx_vmo_op_range(kNoSuchHandle, ZX_VMO_OP_COMMIT, 0, kPageSize, nullptr, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_vmo_op_range(zx_vmar_root_self(), ZX_VMO_OP_COMMIT, 0, kPageSize, nullptr, 0), ZX_ERR_WRONG_TYPE);
}

// vmo op_range | ZX_VMO_OP_COMMIT of more than there is memory | NO_MEMORY, and everything still works
TEST(VmoOpRange, CommitBeyondMemoryFails) {
  const zx::vmo vmo = MakeVmo(uint64_t{1} << 26);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_COMMIT, 0, kPageSize << 26), ZX_ERR_NO_MEMORY);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize << 26));
  EXPECT_OK(SetTag(MakeVmo(1), 0, 1));
}

// vmo write | memory runs out | NO_MEMORY, and everything still works
TEST(VmoWrite, BeyondMemoryFails) {
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  const zx::vmo bytes = MakeVmo(kPiece / kPageSize);
  const Mapping buffer(bytes, kRead, kPiece);
  ASSERT_OK(buffer.status());
  const zx::vmo vmo = MakeVmo(uint64_t{1} << 26);
  zx_status_t status = ZX_OK;
  for (uint64_t offset = 0; status == ZX_OK && offset < kPageSize << 26; offset += kPiece) {
    status = vmo.write(AtAddress<const void>(buffer.address()), offset, kPiece);
  }
  EXPECT_STATUS(status, ZX_ERR_NO_MEMORY);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize << 26));
  EXPECT_OK(SetTag(MakeVmo(1), 0, 1));
}

// vmo op_range | ZX_VMO_OP_DONT_NEED or _ALWAYS_NEED and the range is not page-aligned | OK: it is rounded outwards
TEST(VmoOpRange, HintsTakeAnyRange) {
  const zx::vmo vmo = MakeTagged(2, 0);
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_DONT_NEED, 5, kPageSize));
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_ALWAYS_NEED, 5, kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), 2U);
}

}  // namespace
}  // namespace conformance
