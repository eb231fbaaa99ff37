// Copies on write of a pager's VMO: who is asked for their pages, and whose pages they show.
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

using PagerClones = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerClones);

// pager vmo_create_child | a page of the clone is touched that is in neither | a READ with the parent's key; the
// parent's supply satisfies it
TEST_P(PagerClones, ReadsThroughACloneAskTheParentsPager) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo clone = vmo.Clone();
  TestThread thread = CheckInThread(GetParam(), clone, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_OK(CheckPages(GetParam(), vmo, 0, 1));
  EXPECT_EQ(CommittedPages(clone), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_create_child | the page was supplied to the parent before | no request
TEST_P(PagerClones, ReadsThroughACloneFindTheParentsPages) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  const PagedVmo clone = vmo.Clone();
  EXPECT_OK(CheckPages(GetParam(), clone, 0, 1));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_create_child | a page is touched through the parent and through its clone | one READ in all
TEST_P(PagerClones, ParentAndCloneShareARequest) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo clone = vmo.Clone();
  TestThread first = CheckInThread(GetParam(), vmo, 0, 1);
  TestThread second = CheckInThread(GetParam(), clone, 0, 1);
  EXPECT_TRUE(first.WaitForBlocked());
  EXPECT_TRUE(second.WaitForBlocked());
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(first.Wait());
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_create_child | a page is touched through two clones | one READ in all
TEST_P(PagerClones, SiblingsShareARequest) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo clone = vmo.Clone();
  const PagedVmo sibling = vmo.Clone();
  TestThread first = CheckInThread(GetParam(), clone, 0, 1);
  TestThread second = CheckInThread(GetParam(), sibling, 0, 1);
  EXPECT_TRUE(first.WaitForBlocked());
  EXPECT_TRUE(second.WaitForBlocked());
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(first.Wait());
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_create_child | the clone's mapping is stored to, where the parent has no page | a READ first; then the
// clone has the store, the parent its own data
TEST_P(PagerClones, StoresStayInTheClone) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo clone = vmo.Clone();
  TestThread thread([&] {
    clone.word(0) = 0xdead;
    return ZX_OK;
  });
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_EQ(ReadWord(clone, 0), 0xdeadu);
  EXPECT_EQ(clone.word(0), 0xdeadu);
  EXPECT_OK(CheckPages(GetParam(), vmo, 0, 1));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_create_child | the parent is written where the clone has no page | the clone shows the write: it is a copy
// on write, not a snapshot
TEST_P(PagerClones, ParentsWritesShowWhereTheCloneHasNone) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  const PagedVmo clone = vmo.Clone();
  EXPECT_OK(CheckPages(GetParam(), clone, 0, 1));
  EXPECT_OK(WriteWord(vmo, 0, 0xdead));
  EXPECT_EQ(ReadWord(clone, 0), 0xdeadu);
  EXPECT_EQ(clone.word(0), 0xdeadu);
}

// pager detach_vmo | a thread waits for a page through a clone | BAD_STATE
TEST_P(PagerClones, DetachingEndsThreadsAtClones) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo clone = vmo.Clone();
  TestThread thread = CheckInThread(GetParam(), clone, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_TRUE(FailsWith(thread, GetParam(), clone.address(), ZX_ERR_BAD_STATE));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_create_child | the pager is closed; the clone has pages of its own | they stay, the others are BAD_STATE
TEST_P(PagerClones, OwnPagesOutliveThePager) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  const PagedVmo clone = vmo.Clone();
  clone.word(0) = 0xdead;
  pager.ClosePager();
  EXPECT_EQ(ReadWord(clone, 0), 0xdeadu);
  TestThread thread = CheckInThread(GetParam(), clone, 1, 1);
  EXPECT_TRUE(FailsWith(thread, GetParam(), clone.address(1), ZX_ERR_BAD_STATE));
}

// pager vmo_create_child | the parent's handle is closed | the clone's pages are still asked for; COMPLETE waits for it
TEST(PagerCloneLife, CloneKeepsTheParentsPagerBusy) {
  UserPager pager;
  std::optional<PagedVmo> vmo(pager.Create(1));
  std::optional<PagedVmo> clone(vmo->Clone());
  vmo.reset();
  TestThread thread = CheckInThread(Access::kByMapping, *clone, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(*clone, 0, 1));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
  // Without a handle nobody can supply: only closing the pager ends the wait.
  pager.ClosePager();
  EXPECT_TRUE(thread.WaitForCrash(clone->address(), ZX_ERR_BAD_STATE));
  clone.reset();
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
}

// pager vmo_create_child | chains of 1000 clones are made, the parents' handles closed, and then closed | OK
TEST(PagerCloneLife, ChainsMayBeDeep) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  zx::vmo last = MakeChild(vmo.vmo(), ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  for (int i = 0; i < 1000; ++i) {
    last = MakeChild(last, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  }
  uint64_t word = 0;
  EXPECT_OK(last.read(&word, 0, sizeof(word)));
  EXPECT_EQ(word, vmo.tag(0));
  last.reset();
  EXPECT_TRUE(HasNoChildren(vmo.vmo()));
}

// ---- Sizes

// pager vmo_set_size | a resizable clone is mapped and shrinks to nothing | loads and stores are OUT_OF_RANGE
TEST(PagerCloneSizes, ShrunkCloneIsOutOfRange) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  EXPECT_OK(pager.Supply(vmo, 0, 2));
  PagedVmo clone = vmo.Clone(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZX_VMO_CHILD_RESIZABLE);
  EXPECT_OK(ProbeRead(clone.address()));
  EXPECT_OK(ProbeWrite(clone.address()));
  EXPECT_TRUE(clone.Resize(0));
  EXPECT_STATUS(ProbeRead(clone.address()), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(ProbeWrite(clone.address()), ZX_ERR_OUT_OF_RANGE);
}

// pager vmo_set_size | the parent shrinks to nothing | the clone's mapping can still be read and written
TEST(PagerCloneSizes, CloneOfAShrunkParentStaysAccessible) {
  UserPager pager;
  PagedVmo vmo = pager.Create(2, ZX_VMO_RESIZABLE);
  EXPECT_OK(pager.Supply(vmo, 0, 2));
  const PagedVmo clone = vmo.Clone();
  EXPECT_TRUE(vmo.Resize(0));
  for (uint64_t page = 0; page < 2; ++page) {
    EXPECT_OK(ProbeRead(clone.address(page)));
    EXPECT_OK(ProbeWrite(clone.address(page)));
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// A child of all `pages` pages at `offset`, seen at the child's last page whose parent page is `offset + page`.
void ShrinkAndGrowTheParent(uint64_t pages, uint64_t offset, uint64_t page) {
  UserPager pager;
  PagedVmo vmo = pager.Create(pages, ZX_VMO_RESIZABLE);
  EXPECT_OK(pager.Supply(vmo, 0, pages));
  const PagedVmo clone = vmo.Child(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, offset, pages);
  EXPECT_OK(WriteWord(vmo, offset + page, 1));
  EXPECT_EQ(ReadWord(clone, page), 1u);
  EXPECT_EQ(clone.word(page), 1u);
  EXPECT_TRUE(vmo.Resize(0));
  EXPECT_EQ(ReadWord(clone, page), 0u);
  EXPECT_EQ(clone.word(page), 0u);
  EXPECT_TRUE(vmo.Resize(pages));
  EXPECT_OK(pager.Supply(vmo, 0, pages));
  EXPECT_OK(WriteWord(vmo, offset + page, 2));
  EXPECT_EQ(ReadWord(vmo, offset + page), 2u);
  EXPECT_EQ(ReadWord(clone, page), 0u);
  EXPECT_EQ(clone.word(page), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_set_size | the parent shrinks and grows again | the clone reads 0 where it once saw the parent, for ever
TEST(PagerCloneSizes, CloneDoesNotSeeAParentThatGrowsAgain) { ShrinkAndGrowTheParent(1, 0, 0); }

// pager vmo_set_size | the same for a clone that begins inside the parent and reaches past its end | the same
TEST(PagerCloneSizes, CloneAtAnOffsetDoesNotSeeAParentThatGrowsAgain) { ShrinkAndGrowTheParent(2, 1, 0); }

// pager vmo_set_size | the same, seen at the clone's second page | the same
TEST(PagerCloneSizes, LaterPageOfACloneDoesNotSeeAParentThatGrowsAgain) { ShrinkAndGrowTheParent(3, 1, 1); }

// ---- Committing

// Commits a clone of `pages` whose parent has the pages `present`, and expects a request for each gap.
void CommitClone(uint64_t pages, const std::vector<uint64_t>& present) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(pages);
  for (const uint64_t page : present) {
    ASSERT_OK(pager.Supply(vmo, page, 1));
  }
  const PagedVmo clone = vmo.Clone();
  TestThread thread = CommitInThread(clone, 0, pages);
  uint64_t first = 0;
  for (size_t i = 0; i <= present.size(); ++i) {
    const uint64_t end = i < present.size() ? present[i] : pages;
    if (end > first) {
      ASSERT_TRUE(pager.WaitForRead(vmo, first, end - first));
      ASSERT_OK(pager.Supply(vmo, first, end - first));
    }
    first = end + 1;
  }
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(PopulatedBytesBecome(clone, pages * kPageSize));
  EXPECT_OK(CheckPages(Access::kByMapping, clone, 0, pages));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// vmo create_child | ZX_VMO_OP_COMMIT of a child whose pages a pager supplies | commits the parent's pages too
TEST(PagerCloneCommit, CommitsTheParentsPagesToo) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(3);
  const PagedVmo clone = vmo.Clone();
  TestThread thread = CommitInThread(clone, 0, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 0, 2));
  ASSERT_OK(pager.Supply(vmo, 0, 2));
  EXPECT_OK(thread.Wait());
  EXPECT_EQ(CommittedPages(clone), 2u);
  EXPECT_EQ(CommittedPages(vmo), 2u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | ZX_VMO_OP_COMMIT of a clone, nothing is there | one READ, and the clone has pages of its own
TEST(PagerCloneCommit, AsksOnceForAll) { CommitClone(4, {}); }

// pager vmo_op_range | ZX_VMO_OP_COMMIT of a clone, the parent has the pages in the middle | READs before and behind
TEST(PagerCloneCommit, SkipsTheParentsPages) { CommitClone(4, {1, 2}); }

// pager vmo_op_range | ZX_VMO_OP_COMMIT of a clone, the parent has one page | two READs
TEST(PagerCloneCommit, AsksInTwoParts) { CommitClone(5, {2}); }

// pager vmo_op_range | ZX_VMO_OP_COMMIT of a clone, the parent has two pages | three READs
TEST(PagerCloneCommit, AsksInSeveralParts) { CommitClone(8, {2, 5}); }

// pager vmo_op_range | ZX_VMO_OP_COMMIT of a clone of 100 pages of which the parent has some | ends, with any gaps
TEST(PagerCloneCommit, SkipsPagesAnywhere) {
  std::vector<uint64_t> present;
  uint64_t state = 4711;
  for (uint64_t page = 0; page < 100; ++page) {
    state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    if (state >> 62 == 0) {
      present.push_back(page);
    }
  }
  CommitClone(100, present);
}

}  // namespace
}  // namespace conformance
