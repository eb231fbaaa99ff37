// Mappings that end with the content of their object: ZX_VM_FAULT_BEYOND_STREAM_SIZE.
#include <gtest/gtest.h>

#include "guest/kernel/vm/process_memory.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kOptions = kMapReadWrite | ZX_VM_FAULT_BEYOND_STREAM_SIZE;

class StreamSizeTest : public VmTest {
 protected:
  StreamSizeTest() : space_(MakeSpace()), vmo_(MakeVmo(32)) {
    EXPECT_TRUE(vmo_->Commit(0, vmo_->size()).ok());
    vmo_->SetContentSize(2 * kPageSize + 100);
    va_ = MapAll(*space_, vmo_, kOptions);
  }
  [[nodiscard]] VirtualAddress At(uint64_t page) const { return va_ + page * kPageSize; }

  RefPtr<AddressSpace> space_;
  RefPtr<Vmo> vmo_;
  VirtualAddress va_;
};

TEST_F(StreamSizeTest, FlagNeedsLeaveToFault) {
  const auto map = [&](zx_vm_option_t options) {
    return ValueOf(space_->root().Map({.vmo = vmo_, .length = kPageSize, .options = options}));
  };
  EXPECT_EQ(map(ZX_VM_PERM_READ | ZX_VM_FAULT_BEYOND_STREAM_SIZE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(map(ZX_VM_PERM_READ | ZX_VM_FAULT_BEYOND_STREAM_SIZE | ZX_VM_ALLOW_FAULTS), ZX_OK);
}

TEST_F(StreamSizeTest, PagesBehindTheLastPageOfTheContentFault) {
  EXPECT_EQ(Store(*space_, At(2) + kPageSize - 1, 1), ZX_OK);
  EXPECT_FALSE(IsEntered(*space_, At(3))) << "nor as somebody's neighbour";
  EXPECT_EQ(Touch(*space_, At(3), kRead), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Touch(*space_, At(31), kWrite), ZX_ERR_OUT_OF_RANGE);
  const VirtualAddress plain = MapAll(*space_, vmo_, kMapReadWrite);
  EXPECT_EQ(Touch(*space_, plain + 3 * kPageSize, kRead), ZX_OK);
}

TEST_F(StreamSizeTest, ChangesOfTheSizeTakeEffectAtOnce) {
  vmo_->SetContentSize(5 * kPageSize);
  EXPECT_EQ(Store(*space_, At(4), 1), ZX_OK);
  EXPECT_EQ(Touch(*space_, At(5), kRead), ZX_ERR_OUT_OF_RANGE);
  vmo_->SetContentSize(kPageSize + 1);
  EXPECT_FALSE(IsEntered(*space_, At(4)));
  EXPECT_EQ(Touch(*space_, At(4), kRead), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Touch(*space_, At(1), kWrite), ZX_OK);
  vmo_->SetContentSize(100 * kPageSize);
  EXPECT_EQ(Touch(*space_, At(31), kWrite), ZX_OK);
  vmo_->SetContentSize(0);
  EXPECT_EQ(Touch(*space_, At(0), kRead), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(StreamSizeTest, OperationsOnTheRangeEndThereToo) {
  const auto op = [&](RangeOp which, uint64_t pages) {
    return ValueOf(space_->root().OpRange(which, va_, pages * kPageSize, true));
  };
  for (const RangeOp which : {RangeOp::kCommit, RangeOp::kDecommit, RangeOp::kPrefetch}) {
    EXPECT_EQ(op(which, 4), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(vmo_->committed_pages(), 32u);
  }
  EXPECT_EQ(op(RangeOp::kMapRange, 32), ZX_OK);
  EXPECT_TRUE(IsEntered(*space_, At(2)));
  EXPECT_FALSE(IsEntered(*space_, At(3)));
  EXPECT_EQ(op(RangeOp::kDecommit, 3), ZX_OK);
  EXPECT_EQ(vmo_->committed_pages(), 29u);
}

TEST_F(StreamSizeTest, OtherProgramsReadNoFurther) {
  const VirtualAddress buffer = MapAll(*space_, MakeVmo(8), kMapReadWrite);
  const auto read = [&](uint64_t page) {
    return CopyProcessMemory(*space_, At(page), *space_, buffer, 8 * kPageSize, VmoTransfer::Direction::kToUser);
  };
  EXPECT_EQ(read(0).value(), 3 * kPageSize);
  EXPECT_EQ(ValueOf(read(3)), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(StreamSizeTest, LargePagesEndThereToo) {
  constexpr uint64_t kLargePages = base::kPagesPerLargePage;
  RefPtr<Vmo> vmo = MakeVmo(2 * kLargePages);
  ASSERT_TRUE(vmo->Commit(0, vmo->size()).ok());
  const VirtualAddress va = MapAll(*space_, vmo, kOptions | ZX_VM_ALIGN_2MB);
  vmo->SetContentSize((kLargePages + 1) * kPageSize);
  EXPECT_EQ(Store(*space_, va, 1), ZX_OK);
  EXPECT_EQ(Store(*space_, va + base::kLargePageSize, 1), ZX_OK);
  EXPECT_EQ(Touch(*space_, va + base::kLargePageSize + kPageSize, kRead), ZX_ERR_OUT_OF_RANGE);
  vmo->SetContentSize(kPageSize);
  EXPECT_EQ(Touch(*space_, va, kRead), ZX_OK);
  EXPECT_EQ(Touch(*space_, va + kPageSize, kRead), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(StreamSizeTest, PiecesKeepTheFlagAndJoinOnlyTheirKind) {
  ASSERT_TRUE(space_->root().Protect(At(1), kPageSize, ZX_VM_PERM_READ).ok());
  EXPECT_EQ(Touch(*space_, At(4), kRead), ZX_ERR_OUT_OF_RANGE);
  ASSERT_TRUE(space_->root().Unmap(At(31), kPageSize).ok());
  const MapRequest request{.vmo = vmo_,
                           .vmo_offset = 31 * kPageSize,
                           .length = kPageSize,
                           .vmar_offset = At(31) - space_->root().base(),
                           .options = kMapReadWrite | ZX_VM_SPECIFIC};
  ASSERT_TRUE(space_->root().Map(request).ok());
  EXPECT_EQ(Touch(*space_, At(31), kRead), ZX_OK);
  EXPECT_EQ(Touch(*space_, At(30), kRead), ZX_ERR_OUT_OF_RANGE);
}

}  // namespace
}  // namespace gk
