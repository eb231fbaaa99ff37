// What is asked of a pager program, and who goes on when it answers.
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/pager_fixture.h"

namespace gk {
namespace {

class PagerRequestTest : public PagerTest {};

TEST_F(PagerRequestTest, MappedAccessAsksForExactlyOnePage) {
  PagerObject object(4);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite);
  const Op load = Access(address + kPageSize, kRead);
  EXPECT_TRUE(load->blocked());
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  ASSERT_EQ(object.Supply(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(load);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, CommitAsksForTheWholeMissingRun) {
  PagerObject object(700);
  const Op commit = Commit(*object.vmo, 100, 555);
  EXPECT_EQ(object.Packets(), Packets{R(100, 555)});
  ASSERT_EQ(object.Supply(100, 555), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(commit);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, RunsAreCutAtPresentPages) {
  PagerObject object(33);
  ASSERT_EQ(object.Supply(16, 1), ZX_OK);
  const Op commit = Commit(*object.vmo, 0, 33);
  EXPECT_EQ(object.Packets(), Packets{R(0, 16)});
  ASSERT_EQ(object.Supply(0, 16), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Packets(), Packets{R(17, 16)});
  ASSERT_EQ(object.Supply(17, 16), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(commit);
}

TEST_F(PagerRequestTest, WritesAskInWindowsOfSixteenPages) {
  PagerObject object(130, kTrap);
  const Op write = Write(*object.vmo, 2, 128);
  for (uint64_t first = 2; first < 130; first += 16) {
    EXPECT_EQ(object.Packets(), Packets{R(first, 16)});
    ASSERT_EQ(object.Supply(first, 8), ZX_OK);
    fake_arch::RunUntilIdle();
    EXPECT_EQ(object.Packets(), Packets{});
    ASSERT_EQ(object.Supply(first + 8, 8), ZX_OK);
    fake_arch::RunUntilIdle();
    EXPECT_EQ(object.Packets(), Packets{D(first, 16)});
    ASSERT_EQ(object.Dirty(first, 8), ZX_OK);
    fake_arch::RunUntilIdle();
    EXPECT_EQ(object.Packets(), Packets{});
    ASSERT_EQ(object.Dirty(first + 8, 8), ZX_OK);
    fake_arch::RunUntilIdle();
  }
  Done(write);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 128}}));
}

TEST_F(PagerRequestTest, ManyRequestsMayBeOutstanding) {
  PagerObject object(300);
  std::vector<Op> waiting;
  for (uint64_t i = 0; i < 300; ++i) {
    const uint64_t page = i * 7 % 300;
    waiting.push_back(Commit(*object.vmo, page, 1));
    EXPECT_EQ(object.Packets(), Packets{R(page, 1)});
  }
  for (uint64_t i = 0; i < 300; ++i) {
    const uint64_t page = i * 11 % 300;
    ASSERT_EQ(object.Supply(page, 1), ZX_OK);
    fake_arch::RunUntilIdle();
    Done(waiting[page * 43 % 300]);  // 7 * 43 = 1 modulo 300
  }
}

TEST_F(PagerRequestTest, SatisfiedRequestIsWithdrawnBeforeItIsReceived) {
  PagerObject object(2);
  const Op first = Commit(*object.vmo, 0, 1);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(first);
  EXPECT_EQ(object.program->withdrawn, 1u);
  const Op second = Commit(*object.vmo, 1, 1);
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  ASSERT_EQ(object.Supply(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(second);
}

TEST_F(PagerRequestTest, WhoNeedsAPageThatWasAskedForAsksNothing) {
  PagerObject object(128);
  const ReadOp first = Read(*object.vmo, 0, 92);
  EXPECT_EQ(object.Packets(), Packets{R(0, 92)});
  const ReadOp inside = Read(*object.vmo, 16, 26);
  const ReadOp sticking_out = Read(*object.vmo, 82, 46);
  EXPECT_EQ(object.Packets(), Packets{});
  ASSERT_EQ(object.Supply(0, 42), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(inside.operation);
  EXPECT_TRUE(first.operation->blocked());
  EXPECT_TRUE(sticking_out.operation->blocked());
  ASSERT_EQ(object.Supply(42, 58), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(first.operation);
  EXPECT_EQ(CountArrived(sticking_out, 82), 18u);
  EXPECT_EQ(object.Packets(), Packets{R(100, 28)});
  ASSERT_EQ(object.Supply(100, 28), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(sticking_out.operation);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, RequestsAreCutWhereSomebodyHasAsked) {
  PagerObject object(12);
  const Op back = Commit(*object.vmo, 6, 2);
  const Op all = Commit(*object.vmo, 2, 8);
  EXPECT_EQ(object.Packets(), (Packets{R(6, 2), R(2, 4)}));
  ASSERT_EQ(object.Supply(2, 6), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(back);
  EXPECT_EQ(object.Packets(), Packets{R(8, 2)});
  ASSERT_EQ(object.Supply(8, 2), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(all);
}

TEST_F(PagerRequestTest, OverlappingCommitsAreAllServedByPiecemealSupplies) {
  PagerObject object(105);
  std::vector<Op> commits;
  for (uint64_t i = 0; i < 15; ++i) {
    commits.push_back(Commit(*object.vmo, 7 * i, 7));
    EXPECT_EQ(object.Packets(), Packets{R(7 * i, 7)});
  }
  for (uint64_t i = 0; i < 21; ++i) {
    commits.push_back(Commit(*object.vmo, 5 * i, 5));
    EXPECT_TRUE(commits.back()->blocked());
  }
  EXPECT_EQ(object.Packets(), Packets{});
  for (uint64_t i = 0; i < 35; ++i) {
    ASSERT_EQ(object.Supply(3 * i, 3), ZX_OK);
    fake_arch::RunUntilIdle();
  }
  for (const Op& commit : commits) {
    Done(commit);
  }
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, ReadGoesOnWithEveryPageThatArrivesInTurn) {
  PagerObject object(130);
  const ReadOp read = Read(*object.vmo, 2, 128);
  EXPECT_EQ(object.Packets(), Packets{R(2, 128)});
  ASSERT_EQ(object.Supply(2 + 16, 16), ZX_OK);  // not its turn
  fake_arch::RunUntilIdle();
  EXPECT_EQ(CountArrived(read, 2), 0u);
  ASSERT_EQ(object.Supply(2, 16), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(CountArrived(read, 2), 32u);
  EXPECT_TRUE(read.operation->blocked());
  ASSERT_EQ(object.Supply(2 + 32, 96), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(read.operation);
  EXPECT_EQ(CountArrived(read, 2), 128u);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, CommitWaitsForTheWholeAnswer) {
  PagerObject object(32);
  const Op commit = Commit(*object.vmo, 0, 32);
  EXPECT_EQ(object.Packets(), Packets{R(0, 32)});
  for (uint64_t page = 32; page-- != 0;) {
    EXPECT_TRUE(commit->blocked());
    ASSERT_EQ(object.Supply(page, 1), ZX_OK);
    fake_arch::RunUntilIdle();
  }
  Done(commit);
  EXPECT_EQ(object.Packets(), Packets{});
}

// --- failures ---

TEST_F(PagerRequestTest, FailureOfTheFirstPageEndsTheRequest) {
  PagerObject object(11);
  const Op commit = Commit(*object.vmo, 0, 11);
  EXPECT_EQ(object.Packets(), Packets{R(0, 11)});
  EXPECT_EQ(object.Fail(0, 1, ZX_ERR_NO_SPACE), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(commit, ZX_ERR_NO_SPACE);
  for (uint64_t page = 1; page < 11; ++page) {
    EXPECT_EQ(object.Fail(page, 1), ZX_OK);
  }
  const Op again = Commit(*object.vmo, 0, 11);
  EXPECT_EQ(object.Packets(), Packets{R(0, 11)});
  ASSERT_EQ(object.Supply(0, 11), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(again);
}

TEST_F(PagerRequestTest, FailureReachesAllWhoNeedThePage) {
  PagerObject object(11);
  std::vector<Op> commits;
  for (int i = 0; i < 11; ++i) {
    commits.push_back(Commit(*object.vmo, 0, 11));
  }
  EXPECT_EQ(object.Packets(), Packets{R(0, 11)});
  EXPECT_EQ(object.Fail(0, 11), ZX_OK);
  fake_arch::RunUntilIdle();
  for (const Op& commit : commits) {
    Done(commit, ZX_ERR_IO);
  }
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, FailureFurtherInIsForgottenAndAskedForAgain) {
  PagerObject object(11);
  const Op front = Commit(*object.vmo, 0, 2);
  const Op back = Commit(*object.vmo, 9, 2);
  const Op middle = Commit(*object.vmo, 5, 2);
  EXPECT_EQ(object.Packets(), (Packets{R(0, 2), R(9, 2), R(5, 2)}));
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  EXPECT_EQ(object.Fail(1, 9), ZX_OK);
  ASSERT_EQ(object.Supply(10, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(back, ZX_ERR_IO);
  Done(middle, ZX_ERR_IO);
  EXPECT_TRUE(front->blocked());
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  EXPECT_EQ(object.Fail(1, 9), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(front, ZX_ERR_IO);
}

TEST_F(PagerRequestTest, WhoJoinedKeepsTheFailureUntilTheRequestEnds) {
  PagerObject object(4);
  const ReadOp all = Read(*object.vmo, 0, 4);
  EXPECT_EQ(object.Packets(), Packets{R(0, 4)});
  const ReadOp one = Read(*object.vmo, 1, 1);
  EXPECT_EQ(object.Fail(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(all.operation->blocked());
  EXPECT_TRUE(one.operation->blocked());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(CountArrived(all, 0), 1u);
  EXPECT_TRUE(all.operation->blocked());
  EXPECT_TRUE(one.operation->blocked());
  ASSERT_EQ(object.Supply(2, 2), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(one.operation, ZX_ERR_IO);
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  ASSERT_EQ(object.Supply(1, 3), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(all.operation);
}

TEST_F(PagerRequestTest, ReaderFailsWithThePageThatItNeedsNext) {
  PagerObject object(8);
  const ReadOp read = Read(*object.vmo, 0, 8);
  ASSERT_EQ(object.Supply(0, 3), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Fail(3, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(read.operation, ZX_ERR_IO);
  EXPECT_EQ(CountArrived(read, 0), 3u);
}

// --- giving up ---

TEST_F(PagerRequestTest, SuspendedWaiterAbandonsItsRequest) {
  PagerObject object(2);
  const Op commit = Commit(*object.vmo, 0, 2);
  EXPECT_EQ(object.Packets(), Packets{R(0, 2)});
  commit->thread->Suspend();
  fake_arch::RunUntilIdle();
  Done(commit, ZX_ERR_INTERNAL_INTR_RETRY);
  const Op again = Commit(*object.vmo, 0, 2);
  EXPECT_EQ(object.Packets(), Packets{R(0, 2)});
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(again);
}

TEST_F(PagerRequestTest, AbandonedRequestIsWithdrawnUnlessSomebodyElseWaits) {
  PagerObject object(4);
  const Op first = Commit(*object.vmo, 0, 2);
  const Op joined = Commit(*object.vmo, 1, 1);
  const Op alone = Commit(*object.vmo, 3, 1);
  first->thread->Kill();
  alone->thread->Kill();
  fake_arch::RunUntilIdle();
  Done(first, ZX_ERR_INTERNAL_INTR_KILLED);
  EXPECT_EQ(object.program->withdrawn, 1u);
  EXPECT_EQ(object.Packets(), Packets{R(0, 2)});
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(joined);
}

TEST_F(PagerRequestTest, FaultOfACopyDoesNotGiveWayToASuspension) {
  PagerObject source(1);
  PagerObject target(1);
  ASSERT_EQ(target.Supply(0, 1), ZX_OK);
  const VirtualAddress buffer = MapAll(*space_, source.vmo, kMapRead);
  const Op write = Start([&] { return ValueOf(WriteVmoFromUser(*space_, buffer, *target.vmo, 0, 8)); });
  EXPECT_EQ(source.Packets(), Packets{R(0, 1)});
  write->thread->Suspend();
  fake_arch::RunUntilIdle();
  EXPECT_FALSE(write->status.has_value());
  ASSERT_EQ(source.Supply(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(write);
  EXPECT_EQ(source.Packets(), Packets{});
}

TEST_F(PagerRequestTest, DetachAndCloseFailWhoWaits) {
  for (const bool detach : {true, false}) {
    PagerObject object(4);
    const ReadOp read = Read(*object.vmo, 0, 2);
    ASSERT_EQ(object.Supply(0, 1), ZX_OK);
    fake_arch::RunUntilIdle();
    detach ? object.source->Detach() : object.source->Close();
    fake_arch::RunUntilIdle();
    Done(read.operation, ZX_ERR_BAD_STATE);
    EXPECT_EQ(object.Packets(), Packets{});  // withdrawn
    EXPECT_EQ(object.vmo->committed_pages(), detach ? 0u : 1u);
    EXPECT_EQ(object.program->completed, detach ? 1u : 0u);
    EXPECT_EQ(object.Supply(1, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(object.Fail(1, 1), ZX_ERR_BAD_STATE);
    object.vmo.reset();
    EXPECT_EQ(object.program->completed, detach ? 1u : 0u);
  }
}

// --- the object changes meanwhile ---

TEST_F(PagerRequestTest, WhatATruncationTakesAwayIsNotWaitedFor) {
  PagerObject object(4, kTrackResizable);
  const Op commit = Commit(*object.vmo, 0, 4);
  const ReadOp read = Read(*object.vmo, 2, 2);
  const Op prefetch = Prefetch(*object.vmo, 3, 1);
  const Op zero = Zero(*object.vmo, 3 * kPageSize + 8, 8);
  const PinOp pin = Pin(object.vmo, 3, 1, PinAccess::kRead);
  EXPECT_EQ(object.Packets(), Packets{R(0, 4)});
  ASSERT_EQ(object.Supply(2, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(read.operation->blocked());
  ASSERT_EQ(object.Resize(1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(commit->blocked());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(commit);
  Done(prefetch);
  Done(read.operation, ZX_ERR_OUT_OF_RANGE);
  Done(zero, ZX_ERR_OUT_OF_RANGE);
  Done(pin.operation, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerRequestTest, ZeroingAPageSatisfiesItsReaders) {
  PagerObject object(2);
  const ReadOp read = Read(*object.vmo, 1, 1);
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  EXPECT_EQ(object.Zero(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(read.operation);
  EXPECT_EQ(Load(*space_, read.buffer), 0);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}}));
}

// --- without memory ---

TEST_F(PagerRequestTest, RequestThatCannotBeSentIsReported) {
  PagerObject object(2);
  object.program->fail_sends = true;
  Done(Commit(*object.vmo, 0, 2), ZX_ERR_NO_MEMORY);
  object.program->fail_sends = false;
  const Op commit = Commit(*object.vmo, 0, 2);
  EXPECT_EQ(object.Packets(), Packets{R(0, 2)});
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(commit);
}

TEST_F(PagerRequestTest, OperationsOfThePagerReportThatThereIsNoMemoryAndCanBeDoneAgain) {
  for (uint64_t n = 1; n <= 6; ++n) {
    PagerObject object(64);
    const Op commit = Commit(*object.vmo, 0, 64);
    torture::FailAllocation(n);
    const zx_status_t failed = object.Fail(20, 4);
    torture::FailAllocation(0);
    EXPECT_TRUE(failed == ZX_OK || failed == ZX_ERR_NO_MEMORY);
    const RefPtr<Vmo> aux = MakeVmo(64);
    const uint8_t byte = 7;
    ASSERT_TRUE(aux->Write(&byte, 40 * kPageSize, 1).ok());
    torture::FailAllocation(n);
    const zx_status_t supplied = ValueOf(object.vmo->SupplyPages(0, 64 * kPageSize, *aux, 0));
    torture::FailAllocation(0);
    EXPECT_TRUE(supplied == ZX_OK || supplied == ZX_ERR_NO_MEMORY);
    EXPECT_EQ(aux->committed_pages(),
              supplied == ZX_OK || object.vmo->committed_pages() != 0 ? 0u : aux->committed_pages());
    ASSERT_EQ(object.Supply(0, 64), ZX_OK);
    fake_arch::RunUntilIdle();
    Done(commit);
  }
}

}  // namespace
}  // namespace gk
