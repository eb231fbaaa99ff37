// Clones of clones of a pager's VMO: whose page each of them shows, and which pages are asked for.
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

// pager vmo_create_child | clones of parts of a clone that has one page of its own | they show what was there when they
// were made, and keep what they wrote
// pager vmo_create_child | a clone is written where its own clone has no page | the clone's clone shows the root's page
// or the write: both are at least a snapshot on write (the write, where the clone had a page for its clone
// when that was made)
TEST(PagerCloneTrees, ClonesShowWhatTheirParentHadWhenTheyWereMade) {
  UserPager pager;
  const PagedVmo root = pager.Create(16);
  EXPECT_OK(pager.Supply(root, 0, 16));
  const PagedVmo child = root.Clone();
  child.word(8) = 1;
  const PagedVmo empty = child.Child(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 8);
  const PagedVmo forked = child.Child(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 8, 8);
  EXPECT_EQ(forked.word(0), 1u);
  EXPECT_EQ(empty.word(0), root.tag(0));
  // What a grandchild wrote stays its own.
  empty.word(0) = 2;
  forked.word(0) = 3;
  child.word(0) = 4;
  child.word(8) = 5;
  EXPECT_EQ(empty.word(0), 2u);
  EXPECT_EQ(forked.word(0), 3u);
  child.word(1) = 6;
  child.word(10) = 7;
  EXPECT_EQ(empty.word(1), root.tag(1));
  const uint64_t seen = forked.word(2);
  EXPECT_TRUE(seen == root.tag(10) || seen == 7);
  EXPECT_EQ(root.word(8), root.tag(8));
  EXPECT_TRUE(pager.IsQuiet(root));
}

// pager vmo_create_child | clones of clones at offsets, with pages of their own at each level | each shows the nearest
// level's page at its place, and zeros past the end of any level between
TEST(PagerCloneTrees, ClonesShowNothingPastTheEndOfALevel) {
  constexpr uint32_t kKind = ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
  UserPager pager;
  const PagedVmo root = pager.Create(16);
  EXPECT_OK(pager.Supply(root, 0, 16));
  const PagedVmo child1 = root.Child(kKind, 1, 14);
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 4, 8}) {
    child1.word(page) = 100 + page;
  }
  const PagedVmo child2 = child1.Child(kKind, 0, 12);
  EXPECT_EQ(child2.word(0), 100u);
  EXPECT_EQ(child2.word(1), root.tag(2));
  EXPECT_EQ(child2.word(4), 104u);
  EXPECT_EQ(child2.word(8), 108u);
  const PagedVmo child3 = child1.Child(kKind, 0, 4);
  EXPECT_EQ(child3.word(0), 100u);
  EXPECT_EQ(child3.word(3), root.tag(4));
  const PagedVmo child4 = child3.Child(kKind, 1, 6);
  EXPECT_EQ(child4.word(0), root.tag(2));
  EXPECT_EQ(child4.word(2), root.tag(4));
  EXPECT_EQ(child4.word(3), 0u);
  const PagedVmo child5 = child4.Child(kKind, 0, 6);
  EXPECT_EQ(child5.word(2), root.tag(4));
  EXPECT_EQ(child5.word(3), 0u);
  EXPECT_EQ(ReadWord(child5, 5), 0u);
  child4.word(5) = 205;
  const PagedVmo child6 = child4.Child(kKind, 1, 8);
  EXPECT_EQ(child6.word(0), root.tag(3));
  EXPECT_EQ(child6.word(2), 0u);
  EXPECT_EQ(child6.word(4), 205u);
  EXPECT_EQ(child6.word(5), 0u);
  EXPECT_EQ(child6.word(7), 0u);
  EXPECT_TRUE(pager.IsQuiet(root));
}

// pager vmo_read | a slice of a clone of a clone is read whole, each level has pages | READs only for runs that no
// level has, and each page comes from the right level
TEST(PagerCloneTrees, RequestsLeaveOutThePagesOfAllLevels) {
  constexpr uint32_t kKind = ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
  UserPager pager;
  const PagedVmo root = pager.Create(8);
  const PagedVmo child = root.Clone();
  for (const uint64_t page : std::initializer_list<uint64_t>{1, 2}) {
    TestThread thread([&child, page] {
      child.word(page) = 100 + page;
      return ZX_OK;
    });
    ASSERT_TRUE(pager.WaitForRead(root, page, 1));
    ASSERT_OK(pager.Supply(root, page, 1));
    EXPECT_OK(thread.Wait());
  }
  const PagedVmo grandchild = child.Clone(kKind);
  for (const uint64_t page : std::initializer_list<uint64_t>{5, 6, 7}) {
    TestThread thread([&grandchild, page] {
      grandchild.word(page) = 200 + page;
      return ZX_OK;
    });
    ASSERT_TRUE(pager.WaitForRead(root, page, 1));
    ASSERT_OK(pager.Supply(root, page, 1));
    EXPECT_OK(thread.Wait());
  }
  const zx::vmo slice = MakeChild(grandchild.vmo(), ZX_VMO_CHILD_SLICE, 0, 8);
  std::vector<uint64_t> words(8 * kWordsPerPage);
  TestThread thread([&] { return slice.read(words.data(), 0, 8 * kPageSize); });
  EXPECT_TRUE(pager.WaitForRead(root, 0, 1));
  EXPECT_OK(pager.Supply(root, 0, 1));
  EXPECT_TRUE(pager.WaitForRead(root, 3, 2));
  EXPECT_OK(pager.Supply(root, 3, 2));
  ASSERT_OK(thread.Wait());
  const uint64_t expected[] = {root.tag(0), 101, 102, root.tag(3), root.tag(4), 205, 206, 207};
  for (uint64_t page = 0; page < 8; ++page) {
    EXPECT_EQ(words[page * kWordsPerPage], expected[page], "page %lu", page);
  }
  EXPECT_TRUE(pager.IsQuiet(root));
}

}  // namespace
}  // namespace conformance
