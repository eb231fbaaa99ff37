// ZX_VMO_OP_ZERO of snapshots that hang on a pager's VMO: zeros hide what is above, and nothing else changes.
#include <optional>
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

constexpr uint32_t kModified = ZX_VMO_CHILD_SNAPSHOT_MODIFIED;

zx_status_t Zero(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return OpRange(vmo.vmo(), ZX_VMO_OP_ZERO, page * kPageSize, pages * kPageSize);
}

bool Shows(const PagedVmo& vmo, uint64_t page, uint64_t word) {
  return vmo.word(page) == word && ReadWord(vmo, page) == word;
}

// pager vmo_op_range | ZX_VMO_OP_ZERO of the end of a clone that has a page there and a snapshot of its start | the
// page is given back; the root keeps its own
TEST(PagerSnapshotZero, GivesTheClonesPageBack) {
  UserPager pager;
  const PagedVmo root = pager.Create(3);
  EXPECT_OK(pager.Supply(root, 0, 3));
  const PagedVmo clone = root.Clone(kModified);
  clone.word(1) = 1;
  const PagedVmo partial = clone.Child(kModified, 0, 1);
  EXPECT_OK(Zero(clone, 1, 2));
  EXPECT_TRUE(Shows(clone, 1, 0));
  EXPECT_TRUE(Shows(clone, 2, 0));
  EXPECT_TRUE(Shows(clone, 0, root.tag(0)));
  EXPECT_TRUE(PopulatedBytesBecome(clone, 0));
  EXPECT_TRUE(PopulatedBytesBecome(partial, 0));
  EXPECT_TRUE(Shows(partial, 0, root.tag(0)));
  EXPECT_OK(CheckPages(Access::kByCall, root, 0, 3));
  EXPECT_TRUE(pager.IsQuiet(root));
}

enum class RootPages : uint8_t { kBefore, kAfter };

// A snapshot at the end of a chain of clones; its first page is zeroed before or after the root has pages.
void ZeroAtTheEndOfAChain(uint64_t clones, RootPages when) {
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  if (when == RootPages::kBefore) {
    EXPECT_OK(pager.Supply(root, 0, 2));
  }
  std::vector<PagedVmo> chain;
  for (uint64_t i = 0; i < clones; ++i) {
    chain.push_back((i == 0 ? root : chain.back()).Clone(kModified));
  }
  const PagedVmo snapshot = chain.back().Clone(kModified);
  EXPECT_OK(Zero(snapshot, 0, 1));
  EXPECT_TRUE(pager.IsQuiet(root));
  EXPECT_TRUE(Shows(snapshot, 0, 0));
  if (when == RootPages::kAfter) {
    EXPECT_OK(pager.Supply(root, 0, 2));
  }
  EXPECT_TRUE(Shows(snapshot, 0, 0));
  EXPECT_TRUE(Shows(snapshot, 1, root.tag(1)));
  for (const PagedVmo& clone : chain) {
    EXPECT_OK(CheckPages(Access::kByMapping, clone, 0, 2));
  }
  EXPECT_TRUE(pager.IsQuiet(root));
}

// pager vmo_op_range | ZX_VMO_OP_ZERO of a snapshot and nothing has been supplied | OK without a request; it reads 0
// also once the root has pages
TEST(PagerSnapshotZero, NeedsNoPageOfTheRoot) { ZeroAtTheEndOfAChain(1, RootPages::kAfter); }

// pager vmo_op_range | the same with the root's pages supplied before | the same
TEST(PagerSnapshotZero, HidesThePageOfTheRoot) { ZeroAtTheEndOfAChain(1, RootPages::kBefore); }

// pager vmo_op_range | the same with three clones between | the same
TEST(PagerSnapshotZero, NeedsNoPageOfAChain) { ZeroAtTheEndOfAChain(3, RootPages::kAfter); }

// pager vmo_op_range | three clones between, the middle one has a page of its own | the zeros hide it and later writes
// above; the clones keep their values
TEST(PagerSnapshotZero, HidesThePagesOfAChain) {
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  EXPECT_OK(pager.Supply(root, 0, 2));
  const PagedVmo first = root.Clone(kModified);
  const PagedVmo second = first.Clone(kModified);
  second.word(0) = 2;
  const PagedVmo third = second.Clone(kModified);
  const PagedVmo snapshot = third.Clone(kModified);
  EXPECT_TRUE(Shows(snapshot, 0, 2));
  EXPECT_OK(Zero(snapshot, 0, 1));
  EXPECT_TRUE(Shows(snapshot, 0, 0));
  third.word(0) = 3;
  EXPECT_TRUE(Shows(snapshot, 0, 0));
  EXPECT_TRUE(Shows(third, 0, 3));
  EXPECT_TRUE(Shows(second, 0, 2));
  EXPECT_TRUE(Shows(first, 0, first.tag(0)));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
  EXPECT_TRUE(Shows(snapshot, 1, root.tag(1)));
}

// pager vmo_op_range | the clone wrote the page after the snapshot was made | the clone keeps its page
TEST(PagerSnapshotZero, LeavesALaterPageOfTheClone) {
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  EXPECT_OK(pager.Supply(root, 0, 2));
  const PagedVmo clone = root.Clone(kModified);
  const PagedVmo snapshot = clone.Clone(kModified);
  clone.word(0) = 1;
  EXPECT_OK(Zero(snapshot, 0, 1));
  EXPECT_TRUE(Shows(snapshot, 0, 0));
  EXPECT_TRUE(Shows(clone, 0, 1));
  EXPECT_TRUE(Shows(root, 0, root.tag(0)));
  EXPECT_TRUE(Shows(snapshot, 1, root.tag(1)));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
}

// pager vmo_op_range | the clone wrote the page before the snapshot was made | the snapshot reads 0, the clone keeps it
TEST(PagerSnapshotZero, LeavesASharedPageToTheClone) {
  UserPager pager;
  const PagedVmo root = pager.Create(2);
  EXPECT_OK(pager.Supply(root, 0, 2));
  const PagedVmo clone = root.Clone(kModified);
  clone.word(0) = 1;
  const PagedVmo snapshot = clone.Clone(kModified);
  EXPECT_OK(Zero(snapshot, 0, 1));
  EXPECT_TRUE(Shows(snapshot, 0, 0));
  EXPECT_TRUE(Shows(snapshot, 1, root.tag(1)));
  EXPECT_TRUE(Shows(clone, 0, 1));
  EXPECT_TRUE(PopulatedBytesBecome(snapshot, 0));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
}

}  // namespace
}  // namespace conformance
