// For whom the pages of snapshots that hang on a pager's VMO are counted.
#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

constexpr uint32_t kModified = ZX_VMO_CHILD_SNAPSHOT_MODIFIED;

// pager vmo_op_range | ZX_VMO_OP_COMMIT of a snapshot that shares a page with its clone | it gets a copy
TEST(PagerSnapshotMemory, CommitCopiesSharedPages) {
  UserPager pager;
  const PagedVmo root = pager.Create(1);
  ASSERT_OK(pager.Supply(root, 0, 1));
  const PagedVmo clone = root.Clone(kModified);
  clone.word(0) = 1;
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize / 2));
  ASSERT_OK(OpRange(snapshot.vmo(), ZX_VMO_OP_COMMIT, 0, kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
  EXPECT_EQ(snapshot.word(0), 1u);
}

// pager vmo_set_size | a clone and its snapshot, which share their pages, shrink one after the other | what one of them
// sees no more is counted for the other
TEST(PagerSnapshotMemory, ShrinkingLeavesPagesToTheOther) {
  constexpr uint32_t kResizable = kModified | ZX_VMO_CHILD_RESIZABLE;
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  ASSERT_OK(pager.Supply(root, 0, 2));
  PagedVmo clone = root.Clone(kResizable);
  clone.word(0) = 1;
  clone.word(1) = 2;
  PagedVmo snapshot = clone.Clone(kResizable);
  EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize));
  EXPECT_TRUE(clone.Resize(1));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize / 2));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, 3 * kPageSize / 2));
  EXPECT_EQ(snapshot.word(1), 2u);
  EXPECT_TRUE(snapshot.Resize(1));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize / 2));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize / 2));
  EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
}

// pager vmo_write | pages of clone and snapshot are shared, then written on either side | each is counted for those who
// see it, in equal parts
TEST(PagerSnapshotMemory, SharedPagesAreCountedInParts) {
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  EXPECT_TRUE(PopulatedBytesBecome(root, 0));
  EXPECT_OK(pager.Supply(root, 0, 2));
  EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
  root.word(0) = 1;
  EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
  {
    const PagedVmo clone = root.Clone(kModified);
    clone.word(0) = 2;
    const PagedVmo snapshot = clone.Clone(kModified);
    EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
    EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize / 2));
    EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize / 2));
    clone.word(1) = 3;
    EXPECT_TRUE(PopulatedBytesBecome(clone, 3 * kPageSize / 2));
    EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize / 2));
    snapshot.word(0) = 4;
    EXPECT_TRUE(PopulatedBytesBecome(clone, 2 * kPageSize));
    EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize));
    root.word(1) = 5;
    clone.word(1) = 6;
    snapshot.word(1) = 7;
    EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
    EXPECT_TRUE(PopulatedBytesBecome(clone, 2 * kPageSize));
    EXPECT_TRUE(PopulatedBytesBecome(snapshot, 2 * kPageSize));
  }
  EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
}

}  // namespace
}  // namespace conformance
