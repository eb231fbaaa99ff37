// ZX_VMO_CHILD_SNAPSHOT_MODIFIED of a pager's VMO and of its clones: who sees whose writes, and what outlives whom. A
// clone is a child of the root, a snapshot a child of a clone.
#include <optional>
#include <utility>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

constexpr uint32_t kModified = ZX_VMO_CHILD_SNAPSHOT_MODIFIED;
constexpr uint32_t kAtLeastOnWrite = ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;

// A root whose pages have all been supplied.
PagedVmo MakeRoot(UserPager& pager, uint64_t pages, uint32_t options = 0) {
  PagedVmo root = pager.Create(pages, options);
  EXPECT_OK(pager.Supply(root, 0, pages));
  return root;
}

// A child of the first byte, or the first byte of a page: sizes are rounded up.
PagedVmo MakeByteChild(const PagedVmo& parent, uint64_t page) {
  zx::vmo child;
  EXPECT_OK(zx_vmo_create_child(parent.get(), kModified, page * kPageSize, 1, child.reset_and_get_address()));
  return {std::move(child), parent.key(), parent.tag(page), 1};
}

uint64_t ChildrenOf(const PagedVmo& vmo) { return InfoOf(vmo.vmo()).num_children; }

// Both ways to read the first word.
bool Shows(const PagedVmo& vmo, uint64_t page, uint64_t word) {
  return vmo.word(page) == word && ReadWord(vmo, page) == word;
}

// ---- Writes

// pager vmo_create_child | SNAPSHOT_MODIFIED of a clone that was written | the snapshot keeps what the clone had
TEST(PagerSnapshotModified, KeepsWhatTheCloneHad) {
  UserPager pager;
  const PagedVmo root = pager.Create(1);
  const PagedVmo clone = root.Clone(kModified);
  TestThread thread([&] {
    clone.word(0) = 7;
    return ZX_OK;
  });
  EXPECT_TRUE(pager.WaitForRead(root, 0, 1));
  EXPECT_OK(pager.Supply(root, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(PopulatedBytesBecome(root, kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_TRUE(Shows(clone, 0, 7));
  EXPECT_TRUE(Shows(snapshot, 0, 7));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize / 2));
  clone.word(0) = 8;
  EXPECT_TRUE(Shows(clone, 0, 8));
  EXPECT_TRUE(Shows(snapshot, 0, 7));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(root, kPageSize));
  EXPECT_TRUE(pager.IsQuiet(root));
}

// pager vmo_create_child | SNAPSHOT_AT_LEAST_ON_WRITE of a snapshot | it is a snapshot itself: later writes do not show
TEST(PagerSnapshotModified, CopyOnWriteOfASnapshotIsASnapshot) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo clone = root.Clone(kModified);
  clone.word(0) = 1;
  const PagedVmo snapshot = clone.Clone(kModified);
  const PagedVmo child = snapshot.Clone(kAtLeastOnWrite);
  snapshot.word(0) = 2;
  EXPECT_TRUE(Shows(child, 0, 1));
  EXPECT_TRUE(Shows(snapshot, 0, 2));
  EXPECT_TRUE(Shows(clone, 0, 1));
}

// pager vmo_create_child | SNAPSHOT_MODIFIED of a copy on write, beside others of the root | each shows its own writes
// and those its parent had
TEST(PagerSnapshotModified, MayBeMadeOfACopyOnWrite) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo first = root.Clone(kAtLeastOnWrite);
  const PagedVmo second = root.Clone(kAtLeastOnWrite);
  const PagedVmo of_first = first.Clone(kModified);
  const PagedVmo clone = root.Clone(kModified);
  clone.word(0) = 1;
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_TRUE(Shows(snapshot, 0, 1));
  clone.word(0) = 2;
  EXPECT_TRUE(Shows(snapshot, 0, 1));
  EXPECT_TRUE(Shows(clone, 0, 2));
  for (const PagedVmo* vmo : {&root, &first, &second, &of_first}) {
    EXPECT_TRUE(Shows(*vmo, 0, root.tag(0)));
  }
  of_first.word(0) = 3;
  EXPECT_TRUE(Shows(first, 0, root.tag(0)));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
}

// pager vmo_write | root, clone and snapshot are written, one after the other | each write shows where nobody below has
// a page, and nowhere else
TEST(PagerSnapshotModified, WritesShowBelowOnlyWhereNobodyWrote) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo clone = root.Clone(kModified);
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_OK(WriteWord(root, 0, 1));
  EXPECT_TRUE(Shows(root, 0, 1));
  EXPECT_TRUE(Shows(clone, 0, 1));
  EXPECT_TRUE(Shows(snapshot, 0, 1));
  EXPECT_OK(WriteWord(clone, 0, 2));
  EXPECT_TRUE(Shows(root, 0, 1));
  EXPECT_TRUE(Shows(clone, 0, 2));
  EXPECT_TRUE(Shows(snapshot, 0, 1));
  EXPECT_OK(WriteWord(snapshot, 0, 3));
  EXPECT_TRUE(Shows(root, 0, 1));
  EXPECT_TRUE(Shows(clone, 0, 2));
  EXPECT_TRUE(Shows(snapshot, 0, 3));
  EXPECT_OK(WriteWord(root, 0, 4));
  EXPECT_TRUE(Shows(clone, 0, 2));
  EXPECT_TRUE(Shows(snapshot, 0, 3));
}

// pager vmo_write | only the snapshot is written | only it shows the write
TEST(PagerSnapshotModified, SnapshotsWriteIsItsOwn) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 2);
  const PagedVmo clone = root.Clone(kModified);
  clone.word(1) = 5;
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_OK(WriteWord(snapshot, 0, 3));
  EXPECT_OK(WriteWord(snapshot, 1, 4));
  EXPECT_TRUE(Shows(snapshot, 0, 3));
  EXPECT_TRUE(Shows(snapshot, 1, 4));
  EXPECT_TRUE(Shows(clone, 0, root.tag(0)));
  EXPECT_TRUE(Shows(clone, 1, 5));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
  EXPECT_TRUE(Shows(root, 1, root.tag(1)));
}

// ---- Lives

// pager vmo_create_child | a clone with two pages of its own is dropped, snapshots of all and of one byte stay | pages
// are counted for those who still see them
TEST(PagerSnapshotLives, DroppedVmosLeaveTheirPagesToTheOthers) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 2);
  EXPECT_EQ(ChildrenOf(root), 0u);
  const PagedVmo clone = root.Clone(kModified);
  EXPECT_EQ(ChildrenOf(root), 1u);
  EXPECT_TRUE(PopulatedBytesBecome(clone, 0));
  clone.word(0) = 1;
  clone.word(1) = 2;
  EXPECT_TRUE(PopulatedBytesBecome(clone, 2 * kPageSize));
  std::optional<PagedVmo> full(clone.Clone(kModified));
  full->word(0) = 3;
  full->word(1) = 4;
  std::optional<PagedVmo> partial(MakeByteChild(*full, 0));
  EXPECT_EQ(InfoOf(partial->vmo()).size_bytes, kPageSize);
  EXPECT_TRUE(PopulatedBytesBecome(*full, 3 * kPageSize / 2));
  EXPECT_TRUE(PopulatedBytesBecome(*partial, kPageSize / 2));
  EXPECT_EQ(ChildrenOf(*full), 1u);
  full.reset();
  EXPECT_TRUE(PopulatedBytesBecome(*partial, kPageSize));
  EXPECT_TRUE(Shows(*partial, 0, 3));
  partial.reset();
  EXPECT_EQ(ChildrenOf(root), 1u);
  EXPECT_EQ(ChildrenOf(clone), 0u);
  EXPECT_TRUE(PopulatedBytesBecome(root, 2 * kPageSize));
  EXPECT_TRUE(PopulatedBytesBecome(clone, 2 * kPageSize));
  EXPECT_TRUE(Shows(clone, 0, 1));
  EXPECT_TRUE(Shows(clone, 1, 2));
}

// A clone of all, a snapshot of one of its pages, and the clone goes.
void DropTheCloneOfAPart(uint64_t pages, uint64_t page) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, pages);
  std::optional<PagedVmo> clone(root.Clone(kModified));
  const PagedVmo part = clone->Child(kModified, page, 1);
  clone.reset();
  EXPECT_TRUE(Shows(part, 0, root.tag(page)));
  EXPECT_EQ(ChildrenOf(root), 1u);
  EXPECT_TRUE(PopulatedBytesBecome(root, pages * kPageSize));
  EXPECT_OK(CheckPages(Access::kByCall, root, 0, pages));
  EXPECT_TRUE(pager.IsQuiet(root));
}

// pager vmo_create_child | the clone goes, a snapshot of its first page stays | it still shows the root
TEST(PagerSnapshotLives, FirstPageOfADroppedClone) { DropTheCloneOfAPart(2, 0); }

// pager vmo_create_child | the clone goes, a snapshot of its last page stays | it still shows the root
TEST(PagerSnapshotLives, LastPageOfADroppedClone) { DropTheCloneOfAPart(2, 1); }

// pager vmo_create_child | the clone goes, a snapshot of its middle page stays | it still shows the root
TEST(PagerSnapshotLives, MiddlePageOfADroppedClone) { DropTheCloneOfAPart(3, 1); }

// pager vmo_create_child | the clone goes, a snapshot of a page that it had written stays | it keeps the write
TEST(PagerSnapshotLives, WrittenPageOfADroppedClone) {
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  EXPECT_OK(pager.Supply(root, 0, 1));
  std::optional<PagedVmo> clone(root.Clone(kModified));
  clone->word(0) = 9;
  const PagedVmo part = MakeByteChild(*clone, 0);
  clone.reset();
  EXPECT_TRUE(Shows(part, 0, 9));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
  EXPECT_TRUE(pager.IsQuiet(root));
}

// pager vmo_create_child | the clone gets a snapshot, which is dropped again | the root has one child; the clone can be
// written
TEST(PagerSnapshotLives, CloneOutlivesItsSnapshot) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo clone = root.Clone(kModified);
  clone.word(0) = 1;
  {
    const PagedVmo snapshot = clone.Clone(kModified);
    EXPECT_EQ(ChildrenOf(root), 1u);
    EXPECT_EQ(ChildrenOf(clone), 1u);
  }
  EXPECT_EQ(ChildrenOf(root), 1u);
  EXPECT_EQ(ChildrenOf(clone), 0u);
  clone.word(0) = 2;
  EXPECT_TRUE(Shows(clone, 0, 2));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
}

// ---- Slices

// pager vmo_create_child | SNAPSHOT_MODIFIED of a slice of the root, and of that | allowed; writes to the root show
// through both
TEST(PagerSnapshotSlices, SliceOfTheRootCanBeSnapshotted) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 2);
  const PagedVmo slice = root.Child(ZX_VMO_CHILD_SLICE, 1, 1);
  const PagedVmo clone = slice.Clone(kModified);
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_OK(WriteWord(root, 1, 5));
  EXPECT_TRUE(Shows(slice, 0, 5));
  EXPECT_TRUE(Shows(clone, 0, 5));
  EXPECT_TRUE(Shows(snapshot, 0, 5));
  clone.word(0) = 6;
  EXPECT_TRUE(Shows(snapshot, 0, 5));
  EXPECT_TRUE(Shows(root, 1, 5));
}

// pager vmo_create_child | a slice of a snapshot can be made, snapshots of that slice cannot | an error
TEST(PagerSnapshotSlices, SliceOfASnapshotCannotBeSnapshotted) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo clone = root.Clone(kModified);
  const PagedVmo snapshot = clone.Clone(kModified);
  const PagedVmo slice = snapshot.Child(ZX_VMO_CHILD_SLICE, 0, 1);
  EXPECT_NOT_OK(TryChild(slice.vmo(), kModified, 0, kPageSize));
  EXPECT_NOT_OK(TryChild(slice.vmo(), kAtLeastOnWrite, 0, kPageSize));
}

// pager vmo_create_child | a clone has a snapshot, a slice and another snapshot | the slice follows the clone, the
// snapshots do not
TEST(PagerSnapshotSlices, SliceFollowsItsClone) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo clone = root.Clone(kModified);
  clone.word(0) = 1;
  const PagedVmo first = clone.Clone(kModified);
  const PagedVmo slice = clone.Child(ZX_VMO_CHILD_SLICE, 0, 1);
  clone.word(0) = 2;
  const PagedVmo second = clone.Clone(kModified);
  clone.word(0) = 3;
  EXPECT_TRUE(Shows(slice, 0, 3));
  EXPECT_TRUE(Shows(first, 0, 1));
  EXPECT_TRUE(Shows(second, 0, 2));
  EXPECT_EQ(ChildrenOf(clone), 3u);
  EXPECT_EQ(ChildrenOf(first), 0u);
  EXPECT_EQ(ChildrenOf(second), 0u);
}

// pager vmo_create_child | clones of the root and of its slice, and snapshots of those, none written | a write to the
// root shows in all of them
TEST(PagerSnapshotSlices, RootsWritesShowEverywhere) {
  UserPager pager;
  const PagedVmo root = MakeRoot(pager, 1);
  const PagedVmo slice = root.Child(ZX_VMO_CHILD_SLICE, 0, 1);
  const PagedVmo clone = root.Clone(kModified);
  const PagedVmo of_slice = slice.Clone(kModified);
  const PagedVmo snapshot = clone.Clone(kModified);
  const PagedVmo snapshot_of_slice = of_slice.Clone(kModified);
  root.word(0) = 4;
  for (const PagedVmo* vmo : {&root, &slice, &clone, &of_slice, &snapshot, &snapshot_of_slice}) {
    EXPECT_TRUE(Shows(*vmo, 0, 4));
  }
}

}  // namespace
}  // namespace conformance
