#include "guest/kernel/vm/page_source.h"

#include <gtest/gtest.h>

#include "guest/kernel/sched/spin.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

class PageSourceTest : public VmTest {
 protected:
  PageSourceTest() { fake_arch::StartCpu(); }

  // A thread that reads one byte of `object` and remembers what came of it.
  struct Reader {
    zx_status_t status = ZX_ERR_SHOULD_WAIT;
    uint8_t byte = 0;
    [[nodiscard]] bool done() const { return status != ZX_ERR_SHOULD_WAIT; }
  };
  static void StartReader(Reader& reader, const PagedObject& object, PageIndex index) {
    fake_arch::StartThread([&reader, vmo = object.vmo, index]() mutable {
      reader.status = ValueOf(vmo->Read(&reader.byte, index * kPageSize, 1));
      vmo.reset();
    });
    fake_arch::RunUntilIdle();
  }
};

TEST_F(PageSourceTest, MissingPageIsReadAndArrives) {
  PagedObject object(8);
  Reader reader;
  StartReader(reader, object, 5);
  ASSERT_EQ(object.provider->pending.size(), 1u);
  EXPECT_EQ(object.provider->pending[0]->offset(), 5 * kPageSize);
  EXPECT_EQ(object.provider->pending[0]->length(), kPageSize);
  EXPECT_FALSE(reader.done());

  object.provider->Answer(ZX_OK);
  fake_arch::RunUntilIdle();

  EXPECT_EQ(reader.status, ZX_OK);
  EXPECT_EQ(reader.byte, 5);
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
  EXPECT_EQ(object.provider->submitted, 1u);
}

TEST_F(PageSourceTest, PresentPageIsNotReadAgain) {
  PagedObject object(8);
  object.provider->answer_at_once = true;
  Reader first;
  Reader second;
  StartReader(first, object, 2);
  StartReader(second, object, 2);
  EXPECT_EQ(second.byte, 2);
  EXPECT_EQ(object.provider->submitted, 1u);
}

TEST_F(PageSourceTest, WaiterPollsBeforeItSleeps) {
  PagedObject object(8);
  object.provider->answer_at_look = 7;
  Reader reader;
  StartReader(reader, object, 1);
  EXPECT_EQ(reader.status, ZX_OK);
  EXPECT_EQ(object.provider->looks, 7u);
  EXPECT_EQ(object.provider->prepared_to_block, 0u);
}

TEST_F(PageSourceTest, PollingIsBounded) {
  PagedObject object(8);
  Reader reader;
  StartReader(reader, object, 1);
  EXPECT_FALSE(reader.done());
  EXPECT_LE(object.provider->looks, 5 * kMostLooks) << "no time passes, so that it is the looks that are counted";
  EXPECT_EQ(object.provider->prepared_to_block, 1u);  // or the answer would find nobody who listens
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
}

TEST_F(PageSourceTest, WhoComesAfterAVainPollSleepsAtOnce) {
  PagedObject object(8);
  Reader first;
  StartReader(first, object, 1);
  const uint64_t looks = object.provider->looks;
  EXPECT_NE(looks, 0u);
  Reader second;
  StartReader(second, object, 5);
  EXPECT_EQ(object.provider->looks, looks);
  EXPECT_EQ(object.provider->prepared_to_block, 2u);
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(second.status, ZX_OK);
  Reader third;
  StartReader(third, object, 7);
  EXPECT_NE(object.provider->looks, looks);
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
}

TEST_F(PageSourceTest, NobodyPollsWhileAThreadWantsTheProcessor) {
  PagedObject object(8);
  object.provider->on_send = [] { fake_arch::StartThread([] {}); };
  Reader reader;
  StartReader(reader, object, 1);
  EXPECT_EQ(object.provider->looks, 0u);
  EXPECT_EQ(object.provider->prepared_to_block, 1u);
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(reader.status, ZX_OK);
}

TEST_F(PageSourceTest, OverlappingRequestsShareOneRead) {
  PagedObject object(8);
  Reader readers[3];
  for (Reader& reader : readers) {
    StartReader(reader, object, 4);
  }
  EXPECT_EQ(object.provider->submitted, 1u);

  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();

  for (const Reader& reader : readers) {
    EXPECT_EQ(reader.status, ZX_OK);
    EXPECT_EQ(reader.byte, 4);
  }
  EXPECT_EQ(object.provider->submitted, 1u);
}

TEST_F(PageSourceTest, AnswerWakesOnlyWaitersInsideItsRange) {
  PagedObject object(8);
  Reader inside;
  Reader outside;
  StartReader(inside, object, 1);
  StartReader(outside, object, 2);
  ASSERT_EQ(object.provider->pending.size(), 2u);

  object.provider->Answer(ZX_OK);
  fake_arch::RunUntilIdle();

  EXPECT_TRUE(inside.done());
  EXPECT_FALSE(outside.done());
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(outside.byte, 2);
}

TEST_F(PageSourceTest, FailureReachesTheWaiterAndInstallsNothing) {
  PagedObject object(8);
  Reader reader;
  StartReader(reader, object, 3);

  object.provider->Answer(ZX_ERR_IO);
  fake_arch::RunUntilIdle();

  EXPECT_EQ(reader.status, ZX_ERR_IO);
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
}

TEST_F(PageSourceTest, FailedPageIsAskedForAgain) {
  PagedObject object(8);
  Reader first;
  Reader second;
  StartReader(first, object, 3);
  object.provider->Answer(ZX_ERR_IO);
  fake_arch::RunUntilIdle();

  StartReader(second, object, 3);
  object.provider->Answer(ZX_OK);
  fake_arch::RunUntilIdle();

  EXPECT_EQ(second.byte, 3);
  EXPECT_EQ(object.provider->submitted, 2u);
}

TEST_F(PageSourceTest, DetachFailsWaitersNowAndLater) {
  PagedObject object(8);
  Reader waiting;
  Reader late;
  StartReader(waiting, object, 3);

  object.source->Detach();
  fake_arch::RunUntilIdle();
  StartReader(late, object, 4);

  EXPECT_EQ(waiting.status, ZX_ERR_BAD_STATE);
  EXPECT_EQ(late.status, ZX_ERR_BAD_STATE);
  EXPECT_EQ(object.provider->submitted, 1u);
  object.provider->AnswerAll(ZX_OK);  // too late: the content is gone
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
}

TEST_F(PageSourceTest, DetachGivesUpCleanPagesAndKeepsDirtyOnes) {
  PagedObject object(8);
  object.provider->answer_at_once = true;
  Reader readers[4];
  StartReader(readers[0], object, 3);
  StartReader(readers[1], object, 4);
  const uint8_t byte = 44;
  ASSERT_TRUE(object.vmo->Write(&byte, 4 * kPageSize, 1).ok());

  object.source->Detach();

  EXPECT_EQ(object.vmo->committed_pages(), 1u);
  EXPECT_EQ(object.provider->completed, 1u);
  StartReader(readers[2], object, 3);
  EXPECT_EQ(readers[2].status, ZX_ERR_BAD_STATE);
  StartReader(readers[3], object, 4);
  EXPECT_EQ(readers[3].byte, 44);
  object.vmo.reset();
  EXPECT_EQ(object.provider->completed, 1u);
}

TEST_F(PageSourceTest, CloseKeepsPagesAndCompletesNothing) {
  PagedObject object(8);
  object.provider->answer_at_once = true;
  Reader before;
  Reader after;
  Reader missing;
  StartReader(before, object, 3);
  object.source->Close();
  StartReader(after, object, 3);
  StartReader(missing, object, 4);
  EXPECT_EQ(after.byte, 3);
  EXPECT_EQ(missing.status, ZX_ERR_BAD_STATE);
  object.vmo.reset();
  EXPECT_EQ(object.provider->completed, 0u);
}

TEST_F(PageSourceTest, LastReferenceCompletes) {
  PagedObject object(8);
  object.vmo.reset();
  EXPECT_EQ(object.provider->completed, 1u);
}

TEST_F(PageSourceTest, ReadingOnReadsEverFurtherAhead) {
  PagedObject object(20, 8);
  object.provider->answer_at_once = true;
  Reader readers[3];
  StartReader(readers[0], object, 11);  // belongs to no stream
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
  StartReader(readers[1], object, 12);
  EXPECT_EQ(object.vmo->committed_pages(), 5u);
  StartReader(readers[2], object, 16);  // 8 pages, but the object has only four more
  EXPECT_EQ(object.vmo->committed_pages(), 9u);
  EXPECT_EQ(object.provider->submitted, 3u);
}

TEST_F(PageSourceTest, ReadingAheadIsCutByPresentPagesPagesOnTheirWayAndTheEnd) {
  PagedObject object(19, 8);
  Reader readers[3];
  uint8_t bytes[2 * kPageSize];
  fake_arch::StartThread([&] { EXPECT_TRUE(object.vmo->Read(bytes, 2 * kPageSize, sizeof(bytes)).ok()); });
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.provider->pending.back()->first_page, 2u);
  EXPECT_EQ(object.provider->pending.back()->page_count, 2u);

  StartReader(readers[0], object, 0);  // wants four pages, two of them are on their way
  EXPECT_EQ(object.provider->pending.back()->first_page, 0u);
  EXPECT_EQ(object.provider->pending.back()->page_count, 2u);
  StartReader(readers[1], object, 17);
  StartReader(readers[2], object, 18);  // the last page
  EXPECT_EQ(object.provider->pending.back()->first_page, 18u);
  EXPECT_EQ(object.provider->pending.back()->page_count, 1u);

  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.provider->submitted, 4u);
  EXPECT_EQ(object.vmo->committed_pages(), 6u);
}

TEST_F(PageSourceTest, LongReadAsksForManyPagesAtOnce) {
  PagedObject object(100);
  object.provider->answer_at_once = true;
  std::vector<uint8_t> bytes(100 * kPageSize);
  fake_arch::RunInThread([&] { EXPECT_TRUE(object.vmo->Read(bytes.data(), 0, bytes.size()).ok()); });
  EXPECT_EQ(object.provider->submitted, 2u);
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(bytes[i * kPageSize + 17], i);
  }
}

TEST_F(PageSourceTest, WithoutMemoryForReadingAheadThePageItselfStillComes) {
  PagedObject object(8, 8);
  object.provider->answer_at_once = true;
  Reader reader;
  fake_arch::StartThread([&] {
    torture::FailAllocation(5);  // two for the request, then the third of four pages
    reader.status = ValueOf(object.vmo->Read(&reader.byte, 0, 1));
  });
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(torture::HasFailed());
  EXPECT_EQ(reader.status, ZX_OK);
  EXPECT_EQ(reader.byte, 0);
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
}

TEST_F(PageSourceTest, OutOfMemoryIsReportedWhereverItStrikes) {
  for (uint64_t n = 1;; ++n) {
    PagedObject object(8);
    object.provider->answer_at_once = true;
    Reader reader;
    fake_arch::StartThread([&] {
      torture::FailAllocation(n);
      reader.status = ValueOf(object.vmo->Read(&reader.byte, 6 * kPageSize, 1));
      torture::FailAllocation(0);
    });
    fake_arch::RunUntilIdle();
    if (reader.status == ZX_OK) {
      EXPECT_GE(n, 4u);
      break;
    }
    EXPECT_EQ(reader.status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(object.vmo->committed_pages(), 0u);
  }
}

TEST_F(PageSourceTest, ObjectMayDieWhileAReadIsOnItsWay) {
  RefPtr<FakeProvider> provider;
  {
    PagedObject object(8);
    provider = object.provider;
    PageRequest request;
    const PageLookup lookup = object.vmo->RequirePage(1, PageIntent::kRead, 1, request);
    EXPECT_EQ(lookup.kind(), PageLookup::Kind::kNeedsPage);
  }
  EXPECT_EQ(provider->reference_count(), 2u);  // the read keeps its source, the source its provider
  provider->AnswerAll(ZX_OK);
  EXPECT_EQ(provider->reference_count(), 1u);
}

TEST_F(PageSourceTest, PageThatArrivesBehindTheNewEndIsDropped) {
  PagedObject object(8, 1, Resizability::kResizable);
  Reader reader;
  StartReader(reader, object, 6);
  ASSERT_TRUE(object.vmo->Resize(4 * kPageSize).ok());

  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();

  EXPECT_EQ(reader.status, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
}

TEST_F(PageSourceTest, PagesAddedByAResizeAreZeroAndNotAskedFor) {
  PagedObject object(4, 1, Resizability::kResizable);
  ASSERT_TRUE(object.vmo->Resize(2 * kPageSize).ok());
  ASSERT_TRUE(object.vmo->Resize(8 * kPageSize).ok());
  Reader reader;
  StartReader(reader, object, 3);
  EXPECT_EQ(reader.status, ZX_OK);
  EXPECT_EQ(reader.byte, 0);
  EXPECT_EQ(object.provider->submitted, 0u);
}

TEST_F(PageSourceTest, KilledWaiterLeavesAndTheReadGoesOn) {
  PagedObject object(8);
  zx_status_t status = ZX_ERR_SHOULD_WAIT;
  RefPtr<Thread> waiting;
  fake_arch::StartThread([&] {
    waiting = RefPtr<Thread>(Thread::Current());
    uint8_t byte = 0;
    status = ValueOf(object.vmo->Read(&byte, 0, 1));
  });
  fake_arch::RunUntilIdle();
  ASSERT_EQ(waiting->state(), Thread::State::kBlocked);

  waiting->Kill();
  fake_arch::RunUntilIdle();

  EXPECT_EQ(status, ZX_ERR_INTERNAL_INTR_KILLED);
  object.provider->AnswerAll(ZX_OK);
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
}

}  // namespace
}  // namespace gk
