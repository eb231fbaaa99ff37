// ZX_VMO_CHILD_SLICE.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx::vmo Slice(const zx::vmo& vmo, uint64_t page, uint64_t pages) {
  return MakeChild(vmo, ZX_VMO_CHILD_SLICE, page, pages);
}

// vmo create_child | ZX_VMO_CHILD_SLICE | direct access: reads and writes of the slice are those of the parent
TEST(VmoSlice, IsTheParentsMemory) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const zx::vmo slice = Slice(vmo, 1, 2);
  EXPECT_EQ(TagOf(slice, 0), 2U);
  ASSERT_OK(SetTag(slice, 1, 33));
  EXPECT_EQ(TagOf(vmo, 2), 33U);
  ASSERT_OK(SetTag(vmo, 1, 22));
  EXPECT_EQ(TagOf(slice, 0), 22U);
}

// real create_child | the slice is mapped | the mapping and the parent show the same bytes
TEST(VmoSlice, MappingsShowTheParent) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const zx::vmo slice = Slice(vmo, 1, 2);
  const Mapping of_slice(slice, kReadWrite, 2 * kPageSize);
  const Mapping of_parent(vmo, kReadWrite, 4 * kPageSize);
  of_slice.tag(0) = 7;
  EXPECT_EQ(of_parent.tag(1), 7U);
  of_parent.tag(2) = 8;
  EXPECT_EQ(of_slice.tag(1), 8U);
}

// vmo create_child | access to a slice | only to its subrange
TEST(VmoSlice, EndsWhereItEnds) {
  const zx::vmo slice = Slice(MakeTagged(4, 0), 1, 2);
  uint8_t byte = 0;
  EXPECT_STATUS(slice.read(&byte, 2 * kPageSize, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(OpRange(slice, ZX_VMO_OP_DECOMMIT, 0, 3 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  const Mapping mapping(slice, kReadWrite | ZX_VM_ALLOW_FAULTS, 3 * kPageSize);
  EXPECT_STATUS(ProbeRead(mapping.address() + 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
}

// real create_child | a slice beyond the parent | INVALID_ARGS, or OUT_OF_RANGE where the numbers end
TEST(VmoSlice, OutsideTheParentIsRefused) {
  const zx::vmo vmo = MakeVmo(2);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE, 0, 3 * kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE, kPageSize, 2 * kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE, 2 * kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE, 0 - kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE, 0 - kPageSize, 0 - kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE, 0, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
}

// vmo create_child | ZX_VMO_CHILD_SLICE of a resizable VMO | NOT_SUPPORTED
TEST(VmoSlice, OfAResizableVmoIsRefused) {
  EXPECT_STATUS(TryChild(MakeVmo(2, ZX_VMO_RESIZABLE), ZX_VMO_CHILD_SLICE, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
}

// real create_child | a slice of size 0, also at the parent's end | OK, and nothing can be read
TEST(VmoSlice, MayBeEmpty) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 1}) {
    const zx::vmo slice = Slice(vmo, page, 0);
    uint8_t byte = 0;
    EXPECT_STATUS(slice.read(&byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(slice.write(&byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
  }
}

// real create_child | a slice of a slice | reaches the root's memory
TEST(VmoSlice, OfASliceReachesTheRoot) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const zx::vmo inner = Slice(Slice(vmo, 1, 3), 1, 2);
  EXPECT_EQ(TagOf(inner, 0), 3U);
  ASSERT_OK(SetTag(inner, 1, 44));
  EXPECT_EQ(TagOf(vmo, 3), 44U);
}

// real create_child | a chain of 1000 slices, the parents closed | works and can be closed
TEST(VmoSlice, LongChainsWork) {
  zx::vmo vmo = MakeTagged(1, 0);
  for (int i = 0; i < 1000; ++i) {
    vmo = Slice(vmo, 0, 1);
  }
  EXPECT_EQ(TagOf(vmo, 0), 1U);
}

// real create_child | memory of a slice | is counted at the parent, never at the slice
TEST(VmoSlice, OwnsNoMemory) {
  zx::vmo vmo = MakeTagged(1, 0);
  const zx::vmo slice = Slice(vmo, 0, 1);
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_EQ(CommittedPages(slice), 0U);
  vmo.reset();
  EXPECT_EQ(CommittedPages(slice), 0U);
  EXPECT_EQ(TagOf(slice, 0), 1U);
}

}  // namespace
}  // namespace conformance
