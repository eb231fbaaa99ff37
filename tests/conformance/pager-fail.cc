// ZX_PAGER_OP_FAIL: which waiting threads it ends, and what it leaves behind.
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

constexpr uint64_t kPages = 11;

using PagerFail = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerFail);

// pager op_range | ZX_PAGER_OP_FAIL of the page that a thread waits for | the call fails, the load faults, with
// the status
TEST_P(PagerFail, EndsTheThreadThatWaits) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Fail(vmo, 0, 1));
  EXPECT_TRUE(FailsWith(thread, GetParam(), vmo.address(), ZX_ERR_IO));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL over the requests of several commits | all of them fail
TEST(PagerFailRange, EndsAllRequestsInTheRange) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  std::vector<TestThread> threads;
  for (uint64_t page = 0; page < kPages; ++page) {
    threads.push_back(CommitInThread(vmo, page, 1));
    ASSERT_TRUE(pager.WaitForRead(vmo, page, 1));
  }
  EXPECT_OK(pager.Fail(vmo, 0, kPages));
  for (TestThread& thread : threads) {
    EXPECT_STATUS(thread.Wait(), ZX_ERR_IO);
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL and many threads wait for one request | all of them fail, no request follows
TEST(PagerFailRange, EndsAllWhoShareARequest) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  std::vector<TestThread> threads;
  for (uint64_t i = 0; i < kPages; ++i) {
    threads.push_back(CommitInThread(vmo, 0, kPages));
    ASSERT_TRUE(threads.back().WaitForBlocked());
  }
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Fail(vmo, 0, kPages));
  for (TestThread& thread : threads) {
    EXPECT_STATUS(thread.Wait(), ZX_ERR_IO);
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL covers the first page that some commits still miss, and a later one of
// another | those fail; the other asks again, and then fails
TEST(PagerFailRange, EndsCommitsAtTheirFirstMissingPageOnly) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread head = CommitInThread(vmo, 0, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 0, 2));
  TestThread tail = CommitInThread(vmo, 9, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 9, 2));
  TestThread middle = CommitInThread(vmo, 5, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 5, 2));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(pager.Fail(vmo, 1, 9));
  EXPECT_OK(pager.Supply(vmo, 10, 1));
  EXPECT_STATUS(tail.Wait(), ZX_ERR_IO);
  EXPECT_STATUS(middle.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(pager.WaitForRead(vmo, 1, 1));
  EXPECT_TRUE(head.WaitForBlocked());
  EXPECT_OK(pager.Fail(vmo, 1, 9));
  EXPECT_STATUS(head.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | the same with zx_vmo_read, the failure first | the same
TEST(PagerFailRange, EndsReadsAtTheirFirstMissingPageOnly) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread head = CheckInThread(Access::kByCall, vmo, 0, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 0, 2));
  TestThread tail = CheckInThread(Access::kByCall, vmo, 9, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 9, 2));
  TestThread middle = CheckInThread(Access::kByCall, vmo, 5, 2);
  ASSERT_TRUE(pager.WaitForRead(vmo, 5, 2));
  EXPECT_OK(pager.Fail(vmo, 1, 9));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 10, 1));
  EXPECT_STATUS(tail.Wait(), ZX_ERR_IO);
  EXPECT_STATUS(middle.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(pager.WaitForRead(vmo, 1, 1));
  EXPECT_OK(pager.Fail(vmo, 1, 9));
  EXPECT_STATUS(head.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL of the first page of a request, then of the others | the first ends it; the
// others are OK and without effect
TEST(PagerFailRange, FailuresThatNobodyWaitsForAreHarmless) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread thread = CommitInThread(vmo, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  EXPECT_OK(pager.Fail(vmo, 0, 1));
  EXPECT_STATUS(thread.Wait(), ZX_ERR_IO);
  for (uint64_t page = 1; page < kPages; ++page) {
    EXPECT_OK(pager.Fail(vmo, page, 1));
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL on a detached VMO | BAD_STATE
TEST(PagerFailRange, DetachedVmoCannotBeFailed) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread thread = CommitInThread(vmo, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_STATUS(thread.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_STATUS(pager.Fail(vmo, 0, kPages), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL inside a request that another thread waits for part of | nobody ends at once;
// the one whose first page failed keeps the error, the other asks for that page again
TEST(PagerFailRange, ErrorStaysWithTheThreadThatStartsAtIt) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(4);
  TestThread whole = CheckInThread(Access::kByCall, vmo, 0, 4);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 4));
  TestThread part = CheckInThread(Access::kByCall, vmo, 1, 1);
  EXPECT_TRUE(part.WaitForBlocked());
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Fail(vmo, 1, 1));
  EXPECT_TRUE(whole.WaitForBlocked());
  EXPECT_TRUE(part.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_TRUE(whole.WaitForBlocked());
  EXPECT_TRUE(part.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 2, 2));
  EXPECT_STATUS(part.Wait(), ZX_ERR_IO);
  const auto request = pager.WaitForAnyRead(vmo);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->page, 1u);
  EXPECT_GE(request->pages, 1u);
  EXPECT_OK(pager.Supply(vmo, 1, 3));
  EXPECT_OK(whole.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | the pages were failed before | a new access asks again and can be answered
TEST(PagerFailRange, FailureIsNotRemembered) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread first = CommitInThread(vmo, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  EXPECT_OK(pager.Fail(vmo, 0, kPages));
  EXPECT_STATUS(first.Wait(), ZX_ERR_IO);
  TestThread second = CommitInThread(vmo, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
  EXPECT_OK(pager.Supply(vmo, 0, kPages));
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL with each of the statuses that it takes | calls that wait return exactly it
TEST(PagerFailRange, CallsReturnTheGivenStatus) {
  constexpr zx_status_t kStatuses[] = {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE,
                                       ZX_ERR_BUFFER_TOO_SMALL};
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  for (const zx_status_t status : kStatuses) {
    TestThread commit = CommitInThread(vmo, 0, kPages);
    EXPECT_TRUE(commit.WaitForBlocked());
    TestThread read = CheckInThread(Access::kByCall, vmo, 0, kPages);
    EXPECT_TRUE(read.WaitForBlocked());
    EXPECT_TRUE(pager.WaitForRead(vmo, 0, kPages));
    EXPECT_OK(pager.Fail(vmo, 0, kPages, status));
    EXPECT_STATUS(commit.Wait(), status);
    EXPECT_STATUS(read.Wait(), status);
    EXPECT_TRUE(pager.IsQuiet(vmo));
  }
}

}  // namespace
}  // namespace conformance
