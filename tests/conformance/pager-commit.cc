// Committing pages of a pager's VMO: how they are asked for, and how overlapping requests share answers.
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

// pager vmo_op_range | ZX_VMO_OP_COMMIT of absent pages | one READ for all of them, however many
TEST(PagerCommit, AbsentPagesAreAskedForAtOnce) {
  constexpr uint64_t kPages = 555;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread thread = CommitInThread(vmo, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  EXPECT_OK(pager.Supply(vmo, 0, kPages));
  EXPECT_OK(thread.Wait());
  EXPECT_EQ(CommittedPages(vmo), kPages);
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 0, kPages));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// A commit of `pages` of which one is there: requests end before it and start again behind it.
void CommitAroundAPresentPage(uint64_t pages, uint64_t present) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(pages);
  ASSERT_OK(pager.Supply(vmo, present, 1));
  TestThread thread = CommitInThread(vmo, 0, pages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, present));
  EXPECT_OK(pager.Supply(vmo, 0, present));
  EXPECT_TRUE(pager.WaitForRead(vmo, present + 1, pages - present - 1));
  EXPECT_OK(pager.Supply(vmo, present + 1, pages - present - 1));
  EXPECT_OK(thread.Wait());
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 0, pages));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | ZX_VMO_OP_COMMIT and a page in the middle is there | a READ up to it, then one for the rest
TEST(PagerCommit, PresentPageSplitsTheRequest) { CommitAroundAPresentPage(33, 16); }

// pager vmo_op_range | ZX_VMO_OP_COMMIT of five pages whose third is there | READs of two pages before and two behind
// it
TEST(PagerCommit, PresentPageSplitsAShortRequest) { CommitAroundAPresentPage(5, 2); }

// pager vmo_op_range | ZX_VMO_OP_COMMIT of pages the first of which another thread waits for | no READ; after the
// answer the rest is asked for
TEST(PagerCommit, OverlappingCommitWaitsForTheOtherRequest) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(16);
  TestThread first = CommitInThread(vmo, 0, 8);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 8));
  TestThread second = CommitInThread(vmo, 4, 8);
  EXPECT_TRUE(second.WaitForBlocked());
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, 0, 8));
  EXPECT_OK(first.Wait());
  EXPECT_TRUE(pager.WaitForRead(vmo, 8, 4));
  EXPECT_OK(pager.Supply(vmo, 8, 4));
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | commits of 7 and of 5 pages lie over each other and answers of 3 pages come | all threads end
TEST(PagerCommit, CommitsAndSuppliesMayOverlapInAnyWay) {
  constexpr uint64_t kPages = 3 * 5 * 7;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  std::vector<TestThread> threads;
  for (uint64_t page = 0; page < kPages; page += 7) {
    threads.push_back(CommitInThread(vmo, page, 7));
    ASSERT_TRUE(pager.WaitForRead(vmo, page, 7));
  }
  for (uint64_t page = 0; page < kPages; page += 5) {
    threads.push_back(CommitInThread(vmo, page, 5));
    ASSERT_TRUE(threads.back().WaitForBlocked());
  }
  for (uint64_t page = 0; page < kPages; page += 3) {
    EXPECT_OK(pager.Supply(vmo, page, 3));
  }
  for (TestThread& thread : threads) {
    EXPECT_OK(thread.Wait());
  }
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 0, kPages));
}

// pager supply_pages | a request of 32 pages is answered page by page | the commit ends, without further requests
TEST(PagerCommit, AnswersMayComeInPieces) {
  constexpr uint64_t kPages = 32;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread thread = CommitInThread(vmo, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  for (uint64_t page = 0; page < kPages; ++page) {
    EXPECT_TRUE(thread.WaitForBlocked());
    EXPECT_OK(pager.Supply(vmo, page, 1));
  }
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | ZX_VMO_OP_COMMIT is blocked and the VMO shrinks to its first page | it still waits for that
// page, then succeeds
TEST(PagerCommit, RemovedPagesAreNotWaitedFor) {
  UserPager pager;
  PagedVmo vmo = pager.Create(3, ZX_VMO_RESIZABLE);
  TestThread thread = CommitInThread(vmo, 0, 3);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 3));
  EXPECT_OK(pager.Supply(vmo, 2, 1));
  EXPECT_TRUE(vmo.Resize(1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
