// ZX_VMO_CHILD_SNAPSHOT and ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE: what they show.
#include <algorithm>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx::vmo Snapshot(const zx::vmo& vmo, uint64_t page, uint64_t pages, uint32_t options = 0) {
  return MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT | options, page, pages);
}
void ExpectTags(const zx::vmo& vmo, std::initializer_list<uint32_t> tags) {
  uint64_t page = 0;
  for (const uint32_t tag : tags) {
    EXPECT_EQ(TagOf(vmo, page), tag, "page %lu", page);
    ++page;
  }
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT | behaves as a copy: writes on either side stay there
TEST(VmoSnapshot, BehavesAsACopy) {
  const zx::vmo vmo = MakeTagged(3);
  const zx::vmo child = Snapshot(vmo, 0, 3);
  ExpectTags(child, {1, 2, 3});
  ASSERT_OK(SetTag(vmo, 0, 10));
  ASSERT_OK(SetTag(child, 1, 20));
  ExpectTags(vmo, {10, 2, 3});
  ExpectTags(child, {1, 20, 3});
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | the child's writes stay in the child
TEST(VmoSnapshot, AtLeastOnWriteKeepsItsWrites) {
  const zx::vmo vmo = MakeTagged(3);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 3);
  ExpectTags(child, {1, 2, 3});
  ASSERT_OK(SetTag(child, 1, 20));
  ASSERT_OK(SetTag(vmo, 1, 30));
  ExpectTags(child, {1, 20, 3});
  EXPECT_EQ(TagOf(vmo, 1), 30U);
}

// real create_child | the parent or the child is mapped and written through the mapping | the other keeps its content
TEST(VmoSnapshot, MappingsAreSnapshotsToo) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const Mapping of_parent(vmo, kReadWrite, 2 * kPageSize);
  of_parent.tag(0) = 5;
  const zx::vmo child = Snapshot(vmo, 0, 2);
  const Mapping of_child(child, kReadWrite, 2 * kPageSize);
  of_parent.tag(0) = 6;
  of_child.tag(1) = 7;
  EXPECT_EQ(of_child.tag(0), 5U);
  EXPECT_EQ(of_parent.tag(1), 2U);
  EXPECT_EQ(TagOf(vmo, 0), 6U);
  EXPECT_EQ(TagOf(child, 1), 7U);
}

// real create_child | four related VMOs are mapped and stored to in every order | only the one stored to changes
TEST(VmoSnapshot, MappingsOfRelativesAreIndependent) {
  int order[4] = {0, 1, 2, 3};
  for (int permutation = 0; permutation < 24; ++permutation) {
    zx::vmo vmos[4] = {MakeTagged(1, 0), zx::vmo(), zx::vmo(), zx::vmo()};
    vmos[1] = Snapshot(vmos[0], 0, 1);
    vmos[2] = Snapshot(vmos[0], 0, 1);
    vmos[3] = Snapshot(vmos[1], 0, 1);
    const Mapping mappings[4] = {{vmos[0], kReadWrite, kPageSize},
                                 {vmos[1], kReadWrite, kPageSize},
                                 {vmos[2], kReadWrite, kPageSize},
                                 {vmos[3], kReadWrite, kPageSize}};
    uint32_t expected[4] = {1, 1, 1, 1};
    for (const int i : order) {
      EXPECT_EQ(mappings[i].tag(0), 1U);
      mappings[i].tag(0) = expected[i] = static_cast<uint32_t>(100 + i);
      for (int k = 0; k < 4; ++k) {
        ASSERT_EQ(mappings[k].tag(0), expected[k]);
      }
    }
    std::next_permutation(order, order + 4);
  }
}

// vmo create_child | offset and size extend beyond the parent | reads there are 0, writes make pages of the child's own
TEST(VmoSnapshot, BeyondTheParentAreZeros) {
  const zx::vmo vmo = MakeTagged(3);
  const zx::vmo overhanging = Snapshot(vmo, 1, 3);
  ExpectTags(overhanging, {2, 3, 0});
  EXPECT_OK(SetTag(overhanging, 2, 9));
  const zx::vmo outside = Snapshot(vmo, 8, 2);
  ExpectTags(outside, {0, 0});
  EXPECT_OK(SetTag(outside, 1, 9));
  ExpectTags(vmo, {1, 2, 3});
}

// real create_child | a snapshot of a snapshot that is larger than its parent | shows nothing behind the parent's end
TEST(VmoSnapshot, GrandchildDoesNotSeePastItsParent) {
  const zx::vmo vmo = MakeTagged(3);
  const zx::vmo child = Snapshot(vmo, 1, 1);
  ExpectTags(Snapshot(child, 0, 2), {2, 0});
}

// real create_child | the parent is closed | the child keeps the content
TEST(VmoSnapshot, OutlivesTheParent) {
  zx::vmo vmo = MakeTagged(3);
  const zx::vmo child = Snapshot(vmo, 1, 2);
  const zx::vmo grandchild = Snapshot(child, 0, 2);
  ASSERT_OK(SetTag(child, 1, 9));
  vmo.reset();
  ExpectTags(child, {2, 9});
  ExpectTags(grandchild, {2, 3});
}

// real create_child | the child is made smaller and larger again | it reads 0 there; the parent is untouched
TEST(VmoSnapshot, ResizingTheChildRevealsNothing) {
  const zx::vmo vmo = MakeTagged(4);
  const zx::vmo child = Snapshot(vmo, 0, 4, ZX_VMO_CHILD_RESIZABLE);
  ASSERT_OK(zx_vmo_set_size(child.get(), kPageSize));
  ASSERT_OK(zx_vmo_set_size(child.get(), 6 * kPageSize));
  ExpectTags(child, {1, 0, 0, 0, 0, 0});
  ExpectTags(vmo, {1, 2, 3, 4});
}

// real create_child | the parent is made smaller and larger again | it reads 0 there; the child keeps its content
TEST(VmoSnapshot, ResizingTheParentLeavesTheChild) {
  const zx::vmo vmo = MakeTagged(4);
  const zx::vmo child = Snapshot(vmo, 0, 4);
  ASSERT_OK(zx_vmo_set_size(vmo.get(), kPageSize));
  ASSERT_OK(zx_vmo_set_size(vmo.get(), 4 * kPageSize));
  ExpectTags(vmo, {1, 0, 0, 0});
  ExpectTags(child, {1, 2, 3, 4});
}

// vmo create_child | ZX_VMO_OP_COMMIT of a child | pages of its own, with the parent's content or zeros; the parent
// gets none
TEST(VmoSnapshot, CommitCopiesIntoTheChild) {
  const zx::vmo vmo = MakeVmo(3);
  ASSERT_OK(SetTag(vmo, 0, 1));
  const zx::vmo child = Snapshot(vmo, 0, 3);
  ASSERT_OK(OpRange(child, ZX_VMO_OP_COMMIT, 0, 3 * kPageSize));
  ExpectTags(child, {1, 0, 0});
  EXPECT_EQ(CommittedPages(child), 3U);
  EXPECT_EQ(CommittedPages(vmo), 1U);
}

// real create_child | pages are shared, then written | a write of a shared page costs one page, never more
TEST(VmoSnapshot, SharesPagesUntilTheyAreWritten) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const zx::vmo child = Snapshot(vmo, 0, 2);
  EXPECT_EQ(InfoOf(vmo).committed_bytes + InfoOf(child).committed_bytes, 4 * kPageSize);
  EXPECT_EQ(InfoOf(child).committed_scaled_bytes, kPageSize);
  ASSERT_OK(SetTag(vmo, 0, 9));
  EXPECT_EQ(InfoOf(vmo).committed_scaled_bytes, kPageSize + kPageSize / 2);
  ASSERT_OK(SetTag(child, 1, 9));
  EXPECT_EQ(InfoOf(vmo).committed_scaled_bytes, 2 * kPageSize);
  EXPECT_EQ(InfoOf(child).committed_scaled_bytes, 2 * kPageSize);
}

// vmo create_child | offset + size exceeds 64 bits along the ancestry | INVALID_ARGS
TEST(VmoSnapshot, OffsetsAccumulate) {
  const zx::vmo vmo = MakeVmo(1);
  constexpr uint64_t kFar = 0xffff'ffff'ffff'8000;
  zx::vmo far;
  ASSERT_OK(zx_vmo_create_child(vmo.get(), ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_RESIZABLE, kFar, kPageSize,
                                far.reset_and_get_address()));
  EXPECT_STATUS(TryChild(far, ZX_VMO_CHILD_SNAPSHOT, kFar, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_set_size(far.get(), 16 * kPageSize), ZX_ERR_INVALID_ARGS);
}

// real create_child | a chain of 500 snapshots, the ancestors closed | content stays, everything can be closed
TEST(VmoSnapshot, LongChainsWork) {
  zx::vmo vmo = MakeTagged(4, 0);
  for (int i = 0; i < 500; ++i) {
    vmo = Snapshot(vmo, 0, 4);
    ASSERT_OK(SetTag(vmo, 3, static_cast<uint32_t>(i)));
  }
  ExpectTags(vmo, {1, 2, 3, 499});
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT with ZX_VMO_CHILD_NO_WRITE, without ZX_VMO_CHILD_RESIZABLE | the child is
// immutable
TEST(VmoSnapshot, IsImmutableWhereNobodyMayWrite) {
  const zx::vmo vmo = MakeTagged(1, 0);
  const auto is_immutable = [&](uint32_t options) {
    return (InfoOf(MakeChild(vmo, options, 0, 1)).flags & ZX_INFO_VMO_IMMUTABLE) != 0;
  };
  EXPECT_TRUE(is_immutable(ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_NO_WRITE));
  EXPECT_FALSE(is_immutable(ZX_VMO_CHILD_SNAPSHOT));
  EXPECT_FALSE(is_immutable(ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_NO_WRITE));
}

}  // namespace
}  // namespace conformance
