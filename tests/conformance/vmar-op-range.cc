// zx_vmar_op_range.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx_status_t Op(zx_handle_t vmar, uint32_t op, zx_vaddr_t address, uint64_t size) {
  return zx_vmar_op_range(vmar, op, address, size, nullptr, 0);
}

constexpr uint32_t kAllOps[] = {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_MAP_RANGE, ZX_VMAR_OP_DONT_NEED,
                                ZX_VMAR_OP_ALWAYS_NEED};

// vmar op_range | ZX_VMAR_OP_DECOMMIT over several mappings | their pages read 0 afterwards, here and elsewhere
// vmar op_range | ZX_VMO_OP_DECOMMIT | the same as ZX_VMAR_OP_DECOMMIT
TEST(VmarOpRange, DecommitClearsThePages) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const Region region(5);
  ASSERT_OK(region.MapAt(0, vmo, 2, kReadWrite, 0));
  ASSERT_OK(region.MapAt(2, vmo, 1, kReadWrite, 3));
  ASSERT_OK(region.MapAt(4, vmo, 1, kRead, 1));
  ASSERT_OK(Op(region.get(), ZX_VMAR_OP_DECOMMIT, region.base() + kPageSize, 2 * kPageSize));
  EXPECT_EQ(TagOf(vmo, 0), 1U);
  EXPECT_EQ(TagOf(vmo, 1), 0U);
  EXPECT_EQ(TagOf(vmo, 2), 3U);
  EXPECT_EQ(TagOf(vmo, 3), 0U);
  EXPECT_EQ(*AtAddress<volatile uint32_t>(region.base() + 4 * kPageSize), 0U);
  EXPECT_EQ(ZX_VMO_OP_DECOMMIT, ZX_VMAR_OP_DECOMMIT);
}

// vmar op_range | ZX_VMAR_OP_COMMIT | the content stays as it is
TEST(VmarOpRange, CommitKeepsTheContent) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const Region region(5);
  ASSERT_OK(region.MapAt(0, vmo, 4));
  ASSERT_OK(Op(region.get(), ZX_VMAR_OP_COMMIT, region.base(), 4 * kPageSize));
  EXPECT_EQ(TagOf(vmo, 3), 4U);
}

// vmar op_range | ZX_VMAR_OP_MAP_RANGE with no, some and all pages committed | OK; the content shows
TEST(VmarOpRange, MapRangeShowsWhatIsCommitted) {
  const zx::vmo vmo = MakeVmo(4);
  const Region region(4);
  ASSERT_OK(region.MapAt(0, vmo, 4));
  ASSERT_OK(Op(region.get(), ZX_VMAR_OP_MAP_RANGE, region.base(), 4 * kPageSize));
  ASSERT_OK(SetTag(vmo, 0, 7));
  ASSERT_OK(Op(region.get(), ZX_VMAR_OP_MAP_RANGE, region.base(), 4 * kPageSize));
  EXPECT_EQ(*AtAddress<volatile uint32_t>(region.base()), 7U);
  EXPECT_EQ(*AtAddress<volatile uint32_t>(region.base() + kPageSize), 0U);
  EXPECT_OK(Op(region.get(), ZX_VMAR_OP_MAP_RANGE, region.base() + kPageSize, kPageSize));
}

// vmar op_range | ZX_VMAR_OP_DONT_NEED on an anonymous VMO | OK, without effect
// vmar op_range | ZX_VMAR_OP_ALWAYS_NEED on an anonymous VMO | OK, without effect
TEST(VmarOpRange, HintsAreTriviallyTaken) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const Region region(2);
  ASSERT_OK(region.MapAt(0, vmo, 2));
  EXPECT_OK(Op(region.get(), ZX_VMAR_OP_DONT_NEED, region.base(), 2 * kPageSize));
  EXPECT_OK(Op(region.get(), ZX_VMAR_OP_ALWAYS_NEED, region.base(), 2 * kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), 2U);
}

// vmar op_range | the range spans unmapped addresses | BAD_STATE
TEST(VmarOpRange, HolesAreRefused) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const Region region(4);
  ASSERT_OK(region.MapAt(0, vmo, 1));
  ASSERT_OK(region.MapAt(2, vmo, 2, kReadWrite, 2));
  for (const uint32_t op : {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT}) {
    EXPECT_STATUS(Op(region.get(), op, region.base(), 3 * kPageSize), ZX_ERR_BAD_STATE);
  }
  EXPECT_EQ(TagOf(vmo, 0), 1U);
}

// vmar op_range | ZX_VMAR_OP_COMMIT or ZX_VMAR_OP_DECOMMIT and handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmarOpRange, CommitAndDecommitNeedTheRight) {
  const Region region(2);
  ASSERT_OK(region.MapAt(0, MakeVmo(2), 2));
  const zx::vmar weak = region.Without(ZX_RIGHT_WRITE);
  EXPECT_STATUS(Op(weak.get(), ZX_VMAR_OP_COMMIT, region.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(Op(weak.get(), ZX_VMAR_OP_DECOMMIT, region.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(Op(weak.get(), ZX_VMAR_OP_MAP_RANGE, region.base(), kPageSize));
}

// vmar op_range | ZX_VMAR_OP_COMMIT or ZX_VMAR_OP_DECOMMIT and the VMO's handle lacked ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmarOpRange, CommitAndDecommitNeedTheRightOfTheVmo) {
  const zx::vmo vmo = MakeTagged(1, 0);
  const Region region(2);
  ASSERT_OK(region.MapAt(0, WithRights(vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP), 1, kRead));
  EXPECT_STATUS(Op(region.get(), ZX_VMAR_OP_COMMIT, region.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(Op(region.get(), ZX_VMAR_OP_DECOMMIT, region.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  // Whether the mapping itself is writable does not matter.
  ASSERT_OK(region.MapAt(1, vmo, 1, kRead));
  EXPECT_OK(Op(region.get(), ZX_VMAR_OP_DECOMMIT, region.base() + kPageSize, kPageSize));
}

// vmar op_range | ZX_VMAR_OP_COMMIT or ZX_VMAR_OP_DECOMMIT and the range has regions | INVALID_ARGS
// vmar op_range | another op and the range has regions | their mappings are reached
// vmar op_range | the range has regions and handle lacks ZX_RIGHT_OP_CHILDREN | INVALID_ARGS
TEST(VmarOpRange, RegionsInTheRange) {
  const Region parent(1);
  const Region child(1, Region::kAll, parent.get());
  ASSERT_OK(child.MapAt(0, MakeVmo(1), 1));
  const zx::vmar weak = parent.Without(ZX_RIGHT_OP_CHILDREN);
  for (const uint32_t op : kAllOps) {
    const bool direct = op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_DECOMMIT;
    EXPECT_STATUS(Op(parent.get(), op, parent.base(), kPageSize), direct ? ZX_ERR_INVALID_ARGS : ZX_OK);
    EXPECT_STATUS(Op(weak.get(), op, parent.base(), kPageSize), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(Op(zx_vmar_root_self(), op, parent.base(), kPageSize), direct ? ZX_ERR_INVALID_ARGS : ZX_OK);
  }
}

// real op_range | a hole lies below a region in the range | BAD_STATE: the lowest address decides
TEST(VmarOpRange, LowestProblemDecides) {
  const Region parent(4);
  const Region child(1, Region::kAll | ZX_VM_SPECIFIC, parent.get(), kPageSize);
  EXPECT_STATUS(Op(parent.get(), ZX_VMAR_OP_COMMIT, parent.base(), 2 * kPageSize), ZX_ERR_BAD_STATE);
}

// vmar op_range | the range is not wholly in the region | OUT_OF_RANGE
TEST(VmarOpRange, RangeOutsideTheRegionIsRefused) {
  const Region region(4);
  ASSERT_OK(region.MapAt(0, MakeVmo(4), 4));
  EXPECT_STATUS(Op(region.get(), ZX_VMAR_OP_COMMIT, region.base(), 8 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Op(region.get(), ZX_VMAR_OP_COMMIT, 0, kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Op(region.get(), ZX_VMAR_OP_COMMIT, region.base() - kPageSize, kPageSize), ZX_ERR_OUT_OF_RANGE);
}

// vmar op_range | size is zero | INVALID_ARGS
// vmar op_range | address is not page-aligned | INVALID_ARGS
// vmar op_range | op is not a valid operation | INVALID_ARGS
TEST(VmarOpRange, BadArgumentsAreRefused) {
  const Region region(4);
  ASSERT_OK(region.MapAt(0, MakeVmo(4), 4));
  for (const uint32_t op : kAllOps) {
    EXPECT_STATUS(Op(region.get(), op, region.base(), 0), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(Op(region.get(), op, region.base() + 1, kPageSize), ZX_ERR_INVALID_ARGS);
  }
  for (const uint32_t op : {0U, 4U, 5U, 11U, 77U, UINT32_MAX}) {
    EXPECT_STATUS(Op(region.get(), op, region.base(), kPageSize), ZX_ERR_INVALID_ARGS);
  }
}

// vmar op_range | buffer is not null | INVALID_ARGS
// vmar op_range | buffer_size is not zero | INVALID_ARGS
TEST(VmarOpRange, BuffersAreRefused) {
  const Region region(4);
  ASSERT_OK(region.MapAt(0, MakeVmo(4), 4));
  uint8_t byte = 0;
  EXPECT_STATUS(zx_vmar_op_range(region.get(), ZX_VMAR_OP_COMMIT, region.base(), kPageSize, &byte, 0),
                ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmar_op_range(region.get(), ZX_VMAR_OP_COMMIT, region.base(), kPageSize, nullptr, 1),
                ZX_ERR_INVALID_ARGS);
}

// vmar op_range | handle is not a valid handle | BAD_HANDLE
// vmar op_range | handle is not a VMAR handle | WRONG_TYPE
TEST(VmarOpRange, OtherHandlesAreRefused) {
  EXPECT_STATUS(Op(kNoSuchHandle, ZX_VMAR_OP_COMMIT, 0x200000, kPageSize), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(Op(MakeVmo(1).get(), ZX_VMAR_OP_COMMIT, 0x200000, kPageSize), ZX_ERR_WRONG_TYPE);
}

// vmar op_range | ZX_VMAR_OP_DECOMMIT and size is not page-aligned | INVALID_ARGS
TEST(VmarOpRange, DecommitOfPartsOfPagesIsRefused) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const Region region(2);
  ASSERT_OK(region.MapAt(0, vmo, 2));
  EXPECT_STATUS(Op(region.get(), ZX_VMAR_OP_DECOMMIT, region.base(), kPageSize + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TagOf(vmo, 0), 1U);
}

}  // namespace
}  // namespace conformance
