// zx_pager_op_range: its arguments, and the statuses of each operation.
#include "tests/conformance/pager_handles.h"

namespace conformance {
namespace {

constexpr uint64_t DataOf(zx_status_t status) { return static_cast<uint64_t>(int64_t{status}); }

struct Operation {
  uint32_t op;
  uint64_t data;  // that the operation permits
};
constexpr Operation kOperations[] = {{ZX_PAGER_OP_FAIL, DataOf(ZX_ERR_IO)},
                                     {ZX_PAGER_OP_DIRTY, 0},
                                     {ZX_PAGER_OP_WRITEBACK_BEGIN, 0},
                                     {ZX_PAGER_OP_WRITEBACK_END, 0}};

class PagerOpRange : public PagerHandles {
 protected:
  // Of the page of vmo_.
  zx_status_t Op(uint32_t op, uint64_t data = 0) const { return pager_.op_range(op, vmo_, 0, kPageSize, data); }
  void Supply() const { ASSERT_OK(pager_.supply_pages(vmo_, 0, kPageSize, MakeVmo(1), 0)); }
};

// pager op_range | pager or pager_vmo is not a valid handle | BAD_HANDLE
TEST_F(PagerOpRange, NoHandleIsRefused) {
  for (const auto [op, data] : kOperations) {
    for (const zx_handle_t none : {ZX_HANDLE_INVALID, kNoSuchHandle}) {
      EXPECT_STATUS(zx_pager_op_range(none, op, vmo_.get(), 0, 0, data), ZX_ERR_BAD_HANDLE);
      EXPECT_STATUS(zx_pager_op_range(pager_.get(), op, none, 0, 0, data), ZX_ERR_BAD_HANDLE);
    }
  }
}

// pager op_range | pager is not a pager handle, or pager_vmo is not a VMO handle | WRONG_TYPE
TEST_F(PagerOpRange, OtherHandlesAreRefused) {
  for (const auto [op, data] : kOperations) {
    EXPECT_STATUS(zx_pager_op_range(vmo_.get(), op, vmo_.get(), 0, 0, data), ZX_ERR_WRONG_TYPE);
    EXPECT_STATUS(zx_pager_op_range(pager_.get(), op, port_.get(), 0, 0, data), ZX_ERR_WRONG_TYPE);
    EXPECT_STATUS(zx_pager_op_range(pager_.get(), op, pager_.get(), 0, 0, data), ZX_ERR_WRONG_TYPE);
  }
}

// pager op_range | pager does not have ZX_RIGHT_MANAGE_VMO | ACCESS_DENIED, whatever data is
TEST_F(PagerOpRange, NeedsTheRightToManage) {
  Forgo(ZX_RIGHT_MANAGE_VMO);
  for (const auto [op, data] : kOperations) {
    EXPECT_STATUS(pager_.op_range(op, vmo_, 0, kPageSize, data), ZX_ERR_ACCESS_DENIED);
    EXPECT_STATUS(pager_.op_range(op, vmo_, 0, kPageSize, 100), ZX_ERR_ACCESS_DENIED);
  }
}

// pager op_range | pager_vmo does not have ZX_RIGHT_WRITE | ACCESS_DENIED
TEST_F(PagerOpRange, NeedsTheRightToWrite) {
  const zx::vmo vmo = VmoWithout(ZX_RIGHT_WRITE);
  for (const auto [op, data] : kOperations) {
    EXPECT_STATUS(pager_.op_range(op, vmo, 0, 0, data), ZX_ERR_ACCESS_DENIED);
  }
}

// pager op_range | pager_vmo was not created from pager | INVALID_ARGS
TEST_F(PagerOpRange, ForeignVmosAreRefused) {
  const zx::vmo slice = MakeChild(vmo_, ZX_VMO_CHILD_SLICE, 0, 1);
  const zx::vmo copy = MakeChild(vmo_, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  for (const auto [op, data] : kOperations) {
    EXPECT_STATUS(pager_.op_range(op, plain_, 0, 0, data), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.op_range(op, foreign_, 0, 0, data), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.op_range(op, slice, 0, 0, data), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.op_range(op, copy, 0, 0, data), ZX_ERR_INVALID_ARGS);
  }
}

// pager op_range | offset or length is not page-aligned | INVALID_ARGS
TEST_F(PagerOpRange, UnalignedRangesAreRefused) {
  for (const auto [op, data] : kOperations) {
    EXPECT_STATUS(pager_.op_range(op, vmo_, 1, 0, data), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.op_range(op, vmo_, 0, 1, data), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.op_range(op, vmo_, 1, kPageSize, data), ZX_ERR_INVALID_ARGS);
  }
}

// pager op_range | the range is beyond the end of pager_vmo | OUT_OF_RANGE
TEST_F(PagerOpRange, RangesBeyondTheEndAreRefused) {
  for (const auto [op, data] : kOperations) {
    EXPECT_STATUS(pager_.op_range(op, vmo_, kPageSize, kPageSize, data), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(pager_.op_range(op, vmo_, 0, 2 * kPageSize, data), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(pager_.op_range(op, vmo_, UINT64_MAX - kPageSize + 1, 2 * kPageSize, data), ZX_ERR_OUT_OF_RANGE);
  }
  EXPECT_STATUS(pager_.op_range(ZX_PAGER_OP_FAIL, vmo_, kPageSize, kPageSize, DataOf(ZX_ERR_BAD_STATE)),
                ZX_ERR_OUT_OF_RANGE);
}

// pager op_range | length is 0 | OK, nothing happens
TEST_F(PagerOpRange, EmptyRangesAreLegal) {
  for (const auto [op, data] : kOperations) {
    EXPECT_OK(pager_.op_range(op, vmo_, 0, 0, data));
    EXPECT_OK(pager_.op_range(op, vmo_, kPageSize, 0, data));
  }
  EXPECT_TRUE(IsQuiet());
}

// pager op_range | op is none of the operations | NOT_SUPPORTED
TEST_F(PagerOpRange, UnknownOperationsAreRefused) {
  for (const uint32_t op : {uint32_t{0}, ZX_PAGER_OP_WRITEBACK_END + 1, UINT32_MAX}) {
    EXPECT_STATUS(Op(op), ZX_ERR_NOT_SUPPORTED);
    EXPECT_STATUS(pager_.op_range(op, vmo_, 0, 0, 0), ZX_ERR_NOT_SUPPORTED);
  }
}

// pager op_range | op is ZX_PAGER_OP_FAIL and data is a permitted error, nobody waiting | OK
TEST_F(PagerOpRange, PermittedErrorsAreTaken) {
  for (const zx_status_t error :
       {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL}) {
    EXPECT_OK(Op(ZX_PAGER_OP_FAIL, DataOf(error)));
  }
  EXPECT_TRUE(IsQuiet());
}

// pager op_range | op is ZX_PAGER_OP_FAIL and data is not a permitted error, sign-extended | INVALID_ARGS
TEST_F(PagerOpRange, OtherErrorsAreRefused) {
  for (const uint64_t data :
       {DataOf(ZX_ERR_INTERNAL), DataOf(ZX_ERR_OUT_OF_RANGE), DataOf(ZX_ERR_NO_MEMORY), uint64_t{0}, uint64_t{100},
        uint64_t{0x11'ffff'ffff}, uint64_t{static_cast<uint32_t>(ZX_ERR_IO)}}) {
    EXPECT_STATUS(Op(ZX_PAGER_OP_FAIL, data), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(pager_.op_range(ZX_PAGER_OP_FAIL, vmo_, 0, 0, data), ZX_ERR_INVALID_ARGS);
  }
}

// pager op_range | op is ZX_PAGER_OP_WRITEBACK_BEGIN and data is not 0 or ZX_VMO_DIRTY_RANGE_IS_ZERO | INVALID_ARGS
TEST_F(PagerOpRange, BeginTakesTheZeroFlagOnly) {
  EXPECT_OK(Op(ZX_PAGER_OP_WRITEBACK_BEGIN, ZX_VMO_DIRTY_RANGE_IS_ZERO));
  EXPECT_STATUS(Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 3), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 100), ZX_ERR_INVALID_ARGS);
}

// real op_range | op is ZX_PAGER_OP_DIRTY or ZX_PAGER_OP_WRITEBACK_END and data is not 0 | INVALID_ARGS
TEST_F(PagerOpRange, OthersTakeNoData) {
  Supply();
  EXPECT_STATUS(Op(ZX_PAGER_OP_DIRTY, 100), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Op(ZX_PAGER_OP_WRITEBACK_END, 100), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Op(ZX_PAGER_OP_WRITEBACK_END, ZX_VMO_DIRTY_RANGE_IS_ZERO), ZX_ERR_INVALID_ARGS);
}

// pager op_range | op is ZX_PAGER_OP_DIRTY and pager_vmo was made without ZX_VMO_TRAP_DIRTY | NOT_SUPPORTED, even when
// length is 0
TEST_F(PagerOpRange, DirtyIsForVmosThatTrap) {
  zx::vmo vmo;
  ASSERT_OK(pager_.create_vmo(0, port_, 3, kPageSize, &vmo));
  EXPECT_STATUS(pager_.op_range(ZX_PAGER_OP_DIRTY, vmo, 0, kPageSize, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_STATUS(pager_.op_range(ZX_PAGER_OP_DIRTY, vmo, 0, 0, 0), ZX_ERR_NOT_SUPPORTED);
}

// pager op_range | op is ZX_PAGER_OP_DIRTY and the range contains unsupplied regions | NOT_FOUND
TEST_F(PagerOpRange, DirtyOfAbsentPagesIsNotFound) {
  EXPECT_STATUS(Op(ZX_PAGER_OP_DIRTY), ZX_ERR_NOT_FOUND);
  zx::vmo vmo;
  ASSERT_OK(pager_.create_vmo(ZX_VMO_TRAP_DIRTY, port_, 3, 3 * kPageSize, &vmo));
  ASSERT_OK(pager_.supply_pages(vmo, 0, kPageSize, MakeVmo(1), 0));
  ASSERT_OK(pager_.supply_pages(vmo, 2 * kPageSize, kPageSize, MakeVmo(1), 0));
  EXPECT_STATUS(pager_.op_range(ZX_PAGER_OP_DIRTY, vmo, 0, 3 * kPageSize, 0), ZX_ERR_NOT_FOUND);
  EXPECT_OK(pager_.op_range(ZX_PAGER_OP_DIRTY, vmo, 2 * kPageSize, kPageSize, 0));
  EXPECT_TRUE(IsQuiet());
}

// pager op_range | op is ZX_PAGER_OP_DIRTY or ZX_PAGER_OP_FAIL and pager_vmo has been detached | BAD_STATE; writeback
// is still OK
TEST_F(PagerOpRange, DetachedVmosCanOnlyBeWrittenBack) {
  Supply();
  ASSERT_OK(pager_.detach_vmo(vmo_));
  EXPECT_STATUS(Op(ZX_PAGER_OP_DIRTY), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(Op(ZX_PAGER_OP_FAIL, DataOf(ZX_ERR_IO)), ZX_ERR_BAD_STATE);
  EXPECT_OK(Op(ZX_PAGER_OP_WRITEBACK_BEGIN));
  EXPECT_OK(Op(ZX_PAGER_OP_WRITEBACK_END));
}

}  // namespace
}  // namespace conformance
