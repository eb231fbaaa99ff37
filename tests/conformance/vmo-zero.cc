// ZX_VMO_OP_ZERO.
#include <vector>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

void FillWithOnes(const zx::vmo& vmo, uint64_t pages) {
  const std::vector<uint8_t> ones(pages * kPageSize, 0xff);
  ASSERT_OK(vmo.write(ones.data(), 0, ones.size()));
}

// vmo op_range | ZX_VMO_OP_ZERO of any bytes | exactly these become 0, also in mappings
TEST(VmoZero, ClearsExactlyTheRange) {
  struct {
    uint64_t offset;
    uint64_t length;
  } ranges[] = {{42, 91}, {kPageSize / 2, kPageSize}, {0, kPageSize}, {100, 3 * kPageSize}};
  for (const auto& range : ranges) {
    const zx::vmo vmo = MakeVmo(4);
    FillWithOnes(vmo, 4);
    const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
    mapping.byte(0) = 0xff;
    ASSERT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, range.offset, range.length));
    for (uint64_t i = 0; i < 4 * kPageSize; ++i) {
      ASSERT_EQ(mapping.byte(i), i >= range.offset && i - range.offset < range.length ? 0 : 0xff, "byte %lu", i);
    }
  }
}

// vmo op_range | ZX_VMO_OP_ZERO of whole pages | their memory is given back
TEST(VmoZero, GivesWholePagesBack) {
  const zx::vmo vmo = MakeTagged(3, 0);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, kPageSize / 2, 2 * kPageSize));
  EXPECT_EQ(CommittedPages(vmo), 2U);
}

// real op_range | ZX_VMO_OP_ZERO of parts of pages that are not committed | nothing gets committed
TEST(VmoZero, CommitsNothing) {
  const zx::vmo vmo = MakeVmo(2);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, kPageSize / 2, kPageSize));
  EXPECT_EQ(CommittedPages(vmo), 0U);
}

// real op_range | ZX_VMO_OP_ZERO of nothing | OK, even at the end
TEST(VmoZero, OfNothingSucceeds) {
  const zx::vmo vmo = MakeTagged(1, 0);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{10}, kPageSize}) {
    EXPECT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, offset, 0));
  }
  EXPECT_EQ(TagOf(vmo, 0), 1U);
}

// real op_range | ZX_VMO_OP_ZERO of a snapshot | the parent keeps its content, and the other way round
TEST(VmoZero, OfASnapshotLeavesTheParent) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 2);
  ASSERT_OK(OpRange(child, ZX_VMO_OP_ZERO, 0, kPageSize));
  EXPECT_EQ(TagOf(child, 0), 0U);
  EXPECT_EQ(TagOf(vmo, 0), 1U);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, kPageSize, kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), 0U);
  EXPECT_EQ(TagOf(child, 1), 2U);
}

// real op_range | a cleared page of a snapshot after its parent has gone | still reads 0, and part of it can be written
TEST(VmoZero, StaysWhenTheParentGoes) {
  zx::vmo vmo = MakeTagged(2, 0);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 2);
  ASSERT_OK(OpRange(child, ZX_VMO_OP_ZERO, 0, kPageSize));
  vmo.reset();
  EXPECT_EQ(TagOf(child, 0), 0U);
  EXPECT_EQ(TagOf(child, 1), 2U);
  const uint8_t one = 1;
  ASSERT_OK(child.write(&one, 64, 1));
  EXPECT_EQ(TagOf(child, 0), 0U);
}

// real op_range | ZX_VMO_OP_ZERO, then snapshots and a smaller size | the sibling never sees the old content
TEST(VmoZero, SurvivesResizes) {
  const zx::vmo vmo = MakeVmo(4, ZX_VMO_RESIZABLE);
  ASSERT_OK(SetTag(vmo, 2, 1));
  const zx::vmo intermediate = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4);
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, 2 * kPageSize, kPageSize));
  const zx::vmo sibling = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 2, 1);
  EXPECT_EQ(TagOf(sibling, 0), 0U);
  ASSERT_OK(zx_vmo_set_size(vmo.get(), kPageSize));
  EXPECT_EQ(TagOf(sibling, 0), 0U);
  EXPECT_OK(SetTag(sibling, 0, 3));
  EXPECT_EQ(TagOf(intermediate, 2), 1U);
}

}  // namespace
}  // namespace conformance
