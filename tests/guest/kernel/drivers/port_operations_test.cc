// The host's operations on a VMO of the kernel's, from a device that the test plays: what each does and answers, how it
// is checked, and the life of an object around COMPLETE.
#include "guest/kernel/drivers/port_operations.h"

#include <gtest/gtest.h>
#include <zircon/syscalls/pager.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "guest/kernel/drivers/port_client.h"
#include "guest/kernel/vm/page_request.h"
#include "guest/kernel/vm/reclaim.h"
#include "tests/guest/kernel/drivers/port_support.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk::drivers {
namespace {

using test::HandServedPort;
using test::PageKeeper;
using test::PortCall;
using test::TestRam;
using Kind = abi::PortOperationKind;

constexpr uint64_t kObject = 42;
constexpr uint64_t kOther = 43;  // that some tests open
constexpr uint64_t kPages = 100;
constexpr uint32_t kControl = abi::kPortControlQueue;
constexpr uint32_t kRequests = abi::kPortRequestQueue;

class PortOperationsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(client_.Start(port_.driver()).ok());
    keeper_.emplace(Open().vmo);
  }
  void TearDown() override {
    keeper_.reset();
    fake_arch::SetIdleHook({});
    if (!port_.device().active()) {
      return;
    }
    while (auto call = port_.Take(kRequests)) {
      EXPECT_EQ(call->request.kind, abi::PortRequestKind::kComplete);
      port_.Answer(kRequests, *call, HandServedPort::Success(*call));
    }
    client_.Poll();
    ServeControl();
    EXPECT_EQ(closed_.empty() ? 0 : closed_.back(), kObject);
    EXPECT_TRUE(port_.driver().GiveUp());
  }

  void ServeControl() {
    while (const auto call = port_.Take(kControl)) {
      if (call->request.kind == abi::PortRequestKind::kClose) {
        closed_.push_back(call->request.object);
        EXPECT_EQ(call->request.length, std::exchange(opens_, 0));
        port_.Answer(kControl, *call, HandServedPort::Success(*call));
      } else {
        ++opens_;
        abi::PortReply reply = HandServedPort::Opened(*call, kObject, kPages * kPageSize);
        reply.flags = abi::kPortObjectResizable | abi::kPortObjectTrapDirty;
        port_.Answer(kControl, *call, reply);
      }
    }
    client_.Poll();
  }
  PortClient::Opened Open() {
    fake_arch::SetIdleHook([this] {
      ServeControl();
      return true;
    });
    PortClient::Opened opened{.vmo = nullptr, .read_only = true};
    fake_arch::RunInThread([&] {
      auto result = client_.Open(std::string_view("f"));
      ASSERT_TRUE(result.ok());
      opened = std::move(result).value();
    });
    return opened;
  }

  static abi::PortOperation Operation(Kind kind, uint64_t first_page = 0, uint64_t pages = 0) {
    return {.id = 0,
            .object = kObject,
            .offset = first_page * kPageSize,
            .length = pages * kPageSize,
            .data = 0,
            .kind = kind,
            .argument = 0};
  }
  static abi::PortOperation OpRange(uint32_t op, uint64_t first_page, uint64_t pages, uint64_t data = 0) {
    abi::PortOperation operation = Operation(Kind::kOpRange, first_page, pages);
    operation.argument = op;
    operation.data = data;
    return operation;
  }
  // What the driver answers at once.
  HandServedPort::Answered Do(const abi::PortOperation& operation) {
    const uint64_t id = port_.Operate(operation);
    client_.OnInterrupt();
    auto answered = port_.TakeAnswer();
    EXPECT_TRUE(answered.has_value());
    EXPECT_EQ(answered->answer.id, id);
    return *answered;
  }
  zx_status_t StatusOfDoing(const abi::PortOperation& operation) { return Do(operation).answer.status; }

  PortCall MustTake(abi::PortRequestKind kind) {
    auto call = port_.Take(kRequests);
    EXPECT_TRUE(call.has_value());
    EXPECT_EQ(call->request.kind, kind);
    EXPECT_EQ(call->request.object, kObject);
    return std::move(*call);
  }
  // Puts pages there as a read of a program would.
  void Fetch(PageIndex first, size_t count) {
    PageRequest request;
    ASSERT_TRUE(keeper_->Require(first, count, request).ok());
    port_.AnswerRead(MustTake(abi::PortRequestKind::kRead));
    client_.Poll();
    EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
  }
  // The last program that had kOther has let go of it.
  void CloseOther() {
    const auto complete = port_.Take(kRequests);
    ASSERT_TRUE(complete.has_value());
    EXPECT_EQ(complete->request.kind, abi::PortRequestKind::kComplete);
    port_.Answer(kRequests, *complete, HandServedPort::Success(*complete));
    client_.OnInterrupt();
    const auto close = port_.Take(kControl);
    ASSERT_TRUE(close.has_value());
    EXPECT_EQ(close->request.object, kOther);
    port_.Answer(kControl, *close, HandServedPort::Success(*close));
    client_.Poll();
  }
  // Makes pages that are there dirty as the host would.
  void Dirty(PageIndex first, size_t count) {
    EXPECT_EQ(StatusOfDoing(OpRange(ZX_PAGER_OP_DIRTY, first, count)), ZX_OK);
  }

  TestRam ram_;
  HandServedPort port_{ram_};
  PortClient client_;
  std::optional<PageKeeper> keeper_;
  uint64_t opens_ = 0;
  std::vector<uint64_t> closed_;
};

TEST_F(PortOperationsTest, TheVmoIsWhatTheHostSaid) {
  EXPECT_TRUE(keeper_->vmo().resizable());
  EXPECT_EQ(keeper_->vmo().size(), kPages * kPageSize);
  EXPECT_EQ(keeper_->vmo().child_kind(), ChildKind::kReference);
  EXPECT_EQ(keeper_->vmo().pager_source(), nullptr) << "programs may not play the pager of it";
}

TEST_F(PortOperationsTest, ASupplyReadsWhatIsMissingAndThenAnswers) {
  Fetch(3, 1);
  const uint64_t id = port_.Operate(Operation(Kind::kSupply, 2, 4));
  client_.OnInterrupt();
  const PortCall first = MustTake(abi::PortRequestKind::kRead);
  const PortCall second = MustTake(abi::PortRequestKind::kRead);
  EXPECT_EQ(first.request.operation, id);
  EXPECT_EQ(first.request.offset, 2 * kPageSize);
  EXPECT_EQ(first.request.length, kPageSize);
  EXPECT_EQ(second.request.offset, 4 * kPageSize);
  EXPECT_EQ(second.request.length, 2 * kPageSize);
  EXPECT_TRUE(port_.AnswerRead(second)) << "nobody polls for it, so the interrupt must tell";
  client_.OnInterrupt();
  EXPECT_FALSE(port_.TakeAnswer().has_value());
  EXPECT_TRUE(port_.AnswerRead(first));
  client_.OnInterrupt();
  const auto answered = port_.TakeAnswer();
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->answer.id, id);
  EXPECT_EQ(answered->answer.status, ZX_OK);
  for (PageIndex index = 2; index < 6; ++index) {
    EXPECT_EQ(*keeper_->page(index)->data<uint64_t>(), index);
  }
  EXPECT_EQ(keeper_->size(), 4u);
}

// The device's two answers to an open come by two queues.
TEST_F(PortOperationsTest, AFetchThatComesBeforeTheReplyToTheOpenIsUnderWayWhenTheProgramHasTheVmo) {
  abi::PortOperation supply = Operation(Kind::kSupply, 0, 4);
  supply.object = kOther;
  uint64_t id = 0;
  fake_arch::SetIdleHook([&] {
    const auto open = port_.Take(kControl);
    id = port_.Operate(supply);
    client_.OnInterrupt();
    EXPECT_FALSE(port_.TakeAnswer().has_value());
    EXPECT_FALSE(port_.Take(kRequests).has_value()) << "there is nothing yet that it could be for";
    port_.Answer(kControl, *open, HandServedPort::Opened(*open, kOther, kPages * kPageSize));
    client_.OnInterrupt();
    return true;
  });
  std::optional<PortCall> read;
  fake_arch::RunInThread([&] {
    auto opened = client_.Open(std::string_view("other"));
    ASSERT_TRUE(opened.ok());
    PageKeeper other(std::move(opened->vmo));
    PageRequest request;
    ASSERT_TRUE(other.Require(3, 1, request).ok());
    read = port_.Take(kRequests);
    ASSERT_TRUE(read.has_value());
    EXPECT_FALSE(port_.Take(kRequests).has_value()) << "the page that the program touches is on its way";
  });
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->request.operation, id);
  EXPECT_EQ(read->request.length, 4 * kPageSize);
  port_.AnswerRead(*read);
  client_.OnInterrupt();
  EXPECT_EQ(port_.TakeAnswer()->answer.status, ZX_OK);
  CloseOther();
}

TEST_F(PortOperationsTest, AnOperationBeforeTheReplyToAnOpenThatFailsIsOnNothing) {
  abi::PortOperation supply = Operation(Kind::kSupply, 0, 4);
  supply.object = kOther;
  fake_arch::SetIdleHook([&] {
    const auto open = port_.Take(kControl);
    port_.Operate(supply);
    client_.OnInterrupt();
    EXPECT_FALSE(port_.TakeAnswer().has_value());
    abi::PortReply reply = HandServedPort::Success(*open);
    reply.status = ZX_ERR_NOT_FOUND;
    port_.Answer(kControl, *open, reply);
    client_.OnInterrupt();
    return true;
  });
  fake_arch::RunInThread([&] { EXPECT_FALSE(client_.Open(std::string_view("other")).ok()); });
  const auto answered = port_.TakeAnswer();
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->answer.status, ZX_ERR_BAD_HANDLE);
  EXPECT_FALSE(port_.Take(kRequests).has_value());
}

TEST_F(PortOperationsTest, ALongSupplyGoesOnUntilItIsDone) {
  const uint64_t id = port_.Operate(Operation(Kind::kSupply, 0, kPages));
  client_.OnInterrupt();
  size_t reads = 0;
  std::optional<HandServedPort::Answered> answered;
  while (!answered && reads < kPages) {
    while (const auto call = port_.Take(kRequests)) {
      ++reads;
      port_.AnswerRead(*call);
    }
    client_.OnInterrupt();
    answered = port_.TakeAnswer();
  }
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->answer.id, id);
  EXPECT_EQ(keeper_->size(), kPages);
}

TEST_F(PortOperationsTest, WhatASupplyBroughtIsAheadUntilItIsUsed) {
  Fetch(3, 1);
  port_.Operate(Operation(Kind::kSupply, 2, 4));
  client_.OnInterrupt();
  while (const auto call = port_.Take(kRequests)) {
    port_.AnswerRead(*call);
  }
  client_.OnInterrupt();
  ASSERT_TRUE(port_.TakeAnswer().has_value());
  EXPECT_EQ(reclaim::GetPageStatistics().ahead_pages, 3u) << "all but the page that a program has read";
  PageRequest request;
  ASSERT_EQ(keeper_->vmo().RequirePage(4, PageIntent::kRead, 1, request).kind(), PageLookup::Kind::kReady);
  EXPECT_EQ(reclaim::GetPageStatistics().ahead_pages, 0u);
}

TEST_F(PortOperationsTest, RoomIsToldAtASafePointAndOfTooManyWhoWaitTheFirstGivesWay) {
  std::vector<uint64_t> ids;
  for (size_t i = 0; i <= PortOperations::kMostAwaitRoom; ++i) {
    EXPECT_FALSE(port_.TakeAnswer().has_value());
    ids.push_back(port_.Operate(Operation(Kind::kAwaitRoom)));
    client_.OnInterrupt();
  }
  const auto given_way = port_.TakeAnswer();
  ASSERT_TRUE(given_way.has_value());
  EXPECT_EQ(given_way->answer.id, ids.front());
  EXPECT_EQ(given_way->answer.status, ZX_ERR_CANCELED);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kQueryDirtyRanges, 0, kPages)), ZX_OK) << "there is room for others";
  reclaim::SafePoint();
  std::set<uint64_t> told;
  while (const auto answered = port_.TakeAnswer()) {
    EXPECT_EQ(answered->answer.status, ZX_OK);
    told.insert(answered->answer.id);
  }
  EXPECT_EQ(told, std::set<uint64_t>(ids.begin() + 1, ids.end()));
  reclaim::SafePoint();
  EXPECT_FALSE(port_.TakeAnswer().has_value());
}

TEST_F(PortOperationsTest, SuppliesWithoutRoomWaitAndGoOnInTheirOrder) {
  std::vector<Page*> taken;
  while (FreePageCount() > reclaim::HighWatermark()) {
    taken.push_back(AllocatePage());
  }
  std::vector<uint64_t> ids;
  for (PageIndex page = 0; page < PortOperations::kMostWaitingSupplies; ++page) {
    ids.push_back(port_.Operate(Operation(Kind::kSupply, 10 - page, 1)));
    client_.OnInterrupt();
    EXPECT_FALSE(port_.TakeAnswer().has_value());
  }
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kSupply, 11, 1)), ZX_ERR_SHOULD_WAIT) << "others need room in the queue";
  reclaim::SafePoint();
  EXPECT_FALSE(port_.Take(kRequests).has_value());
  for (Page* page : taken) {
    FreePage(page);
  }
  reclaim::SafePoint();
  for (size_t i = 0; i < ids.size(); ++i) {
    const PortCall read = MustTake(abi::PortRequestKind::kRead);
    EXPECT_EQ(read.request.operation, ids[i]);
    EXPECT_EQ(read.request.offset, (10 - i) * kPageSize);
    port_.AnswerRead(read);
  }
  client_.OnInterrupt();
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(port_.TakeAnswer()->answer.status, ZX_OK);
  }
}

TEST_F(PortOperationsTest, AFailedSupplyPassesTheErrorOn) {
  port_.Operate(Operation(Kind::kSupply, 0, 1));
  client_.OnInterrupt();
  const PortCall call = MustTake(abi::PortRequestKind::kRead);
  abi::PortReply reply = HandServedPort::Success(call);
  reply.status = ZX_ERR_INVALID_ARGS;
  port_.Answer(kRequests, call, reply);
  client_.OnInterrupt();
  EXPECT_EQ(port_.TakeAnswer()->answer.status, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(keeper_->size(), 0u);
}

TEST_F(PortOperationsTest, WhoWaitsForAPageIsServedBeforeTheInterruptToo) {
  PageRequest request;
  ASSERT_TRUE(keeper_->Require(0, 1, request).ok());
  const PortCall read = MustTake(abi::PortRequestKind::kRead);
  port_.Operate(OpRange(ZX_PAGER_OP_FAIL, 0, 1, static_cast<uint64_t>(ZX_ERR_IO)));
  client_.Poll();
  EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO));
  EXPECT_EQ(port_.TakeAnswer()->answer.status, ZX_OK);
  port_.AnswerRead(read);
  client_.Poll();
  EXPECT_EQ(keeper_->size(), 0u) << "the answer came too late";
}

TEST_F(PortOperationsTest, ATimeOutEndsTheWaitAndNotTheRead) {
  PageRequest request;
  ASSERT_TRUE(keeper_->Require(5, 2, request).ok());
  const PortCall read = MustTake(abi::PortRequestKind::kRead);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kTimeOut, 5, 2)), ZX_OK);
  EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_TIMED_OUT));
  const uint64_t free_before = GetPmmStatistics().free_pages;
  port_.AnswerRead(read);
  client_.Poll();
  EXPECT_EQ(GetPmmStatistics().free_pages, free_before + 2) << "they were the device's until now";
  EXPECT_EQ(keeper_->size(), 0u);
  Fetch(5, 2);
}

TEST_F(PortOperationsTest, WritesAskTheHostAndGoOnWhenItPermitsThem) {
  Fetch(0, 1);
  PageRequest request;
  ASSERT_EQ(keeper_->vmo().RequirePage(0, PageIntent::kWrite, 1, request).kind(), PageLookup::Kind::kNeedsPage);
  const PortCall dirty = MustTake(abi::PortRequestKind::kDirty);
  EXPECT_EQ(dirty.request.offset, 0u);
  EXPECT_EQ(dirty.request.length, kPageSize);
  EXPECT_EQ(Do(Operation(Kind::kQueryDirtyRanges, 0, kPages)).answer.content_size, 0u);
  port_.Answer(kRequests, dirty, HandServedPort::Success(dirty));
  client_.Poll();
  EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
  PageRequest again;
  EXPECT_EQ(keeper_->vmo().RequirePage(0, PageIntent::kWrite, 1, again).kind(), PageLookup::Kind::kReady);
}

TEST_F(PortOperationsTest, ADirtyRequestThatAnOperationSettledIgnoresItsAnswer) {
  Fetch(0, 1);
  PageRequest request;
  ASSERT_EQ(keeper_->vmo().RequirePage(0, PageIntent::kWrite, 1, request).kind(), PageLookup::Kind::kNeedsPage);
  const PortCall dirty = MustTake(abi::PortRequestKind::kDirty);
  EXPECT_EQ(StatusOfDoing(OpRange(ZX_PAGER_OP_FAIL, 0, 1, static_cast<uint64_t>(ZX_ERR_NO_SPACE))), ZX_OK);
  EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_NO_SPACE));
  port_.Answer(kRequests, dirty, HandServedPort::Success(dirty));
  client_.Poll();
  EXPECT_EQ(Do(Operation(Kind::kQueryDirtyRanges, 0, kPages)).answer.content_size, 0u);
}

TEST_F(PortOperationsTest, DirtyRangesAreToldAndCountedOn) {
  Fetch(0, 20);
  for (PageIndex index = 0; index < 20; index += 2) {
    Dirty(index, 1);
  }
  const HandServedPort::Answered answered = Do(Operation(Kind::kQueryDirtyRanges, 1, 8));
  EXPECT_EQ(answered.answer.status, ZX_OK);
  EXPECT_EQ(answered.answer.size, 4u);
  EXPECT_EQ(answered.answer.content_size, 4u);
  ASSERT_EQ(answered.ranges.size(), 4u);
  EXPECT_EQ(answered.ranges[3].offset, 8 * kPageSize);
  EXPECT_EQ(answered.ranges[3].length, kPageSize);
  EXPECT_EQ(answered.ranges[3].options, 0u);
}

TEST_F(PortOperationsTest, WritebackMakesCleanWhatWasNotWrittenMeanwhile) {
  Fetch(0, 4);
  Dirty(0, 4);
  EXPECT_EQ(StatusOfDoing(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 4)), ZX_OK);
  Dirty(2, 1);
  EXPECT_EQ(StatusOfDoing(OpRange(ZX_PAGER_OP_WRITEBACK_END, 0, 4)), ZX_OK);
  const HandServedPort::Answered answered = Do(Operation(Kind::kQueryDirtyRanges, 0, kPages));
  ASSERT_EQ(answered.ranges.size(), 1u);
  EXPECT_EQ(answered.ranges[0].offset, 2 * kPageSize);
}

TEST_F(PortOperationsTest, LentPagesStayAsTheyAreUntilTheyComeBack) {
  Fetch(0, 4);
  Dirty(0, 4);
  EXPECT_EQ(StatusOfDoing(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 4)), ZX_OK);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kLend, 2, 10)), ZX_OK);
  const PortCall lent = MustTake(abi::PortRequestKind::kLend);
  EXPECT_EQ(lent.request.operation, 3u) << "the third operation of this test";
  EXPECT_EQ(lent.request.offset, 2 * kPageSize);
  EXPECT_EQ(lent.request.length, 2 * kPageSize) << "as many as are there";
  uint64_t bytes = 0;
  for (const dev::GuestBuffer& buffer : lent.chain.readable().subspan(1)) {
    bytes += buffer.bytes.size();
  }
  EXPECT_EQ(bytes, 2 * kPageSize);
  Dirty(2, 1);
  PageRequest request;
  const PageLookup written = keeper_->vmo().RequirePage(2, PageIntent::kWrite, 1, request);
  ASSERT_EQ(written.kind(), PageLookup::Kind::kReady);
  *written.data<uint64_t>() = 99;
  uint64_t seen;
  std::memcpy(&seen, lent.chain.readable()[1].bytes.data(), sizeof(seen));
  EXPECT_EQ(seen, 2u);
  const uint64_t free_before = GetPmmStatistics().free_pages;
  port_.Answer(kRequests, lent, HandServedPort::Success(lent));
  client_.OnInterrupt();
  EXPECT_EQ(GetPmmStatistics().free_pages, free_before + 1) << "the copy that only the host had";
}

TEST_F(PortOperationsTest, NothingIsLentOfWhatIsMissing) {
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kLend, 0, 1)), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kLend, kPages, 1)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kLend, 0, 0)), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(port_.Take(kRequests).has_value());
}

TEST_F(PortOperationsTest, StatsTellSizesAndWhetherAnythingChanged) {
  abi::PortOperation stats = Operation(Kind::kQueryVmoStats);
  stats.argument = ZX_PAGER_RESET_VMO_STATS;
  EXPECT_EQ(Do(stats).answer.flags, 0u);
  EXPECT_TRUE(keeper_->vmo().Resize(7 * kPageSize).ok());
  const abi::PortAnswer answer = Do(stats).answer;
  EXPECT_EQ(answer.flags, ZX_PAGER_VMO_STATS_MODIFIED);
  EXPECT_EQ(answer.size, 7 * kPageSize);
  EXPECT_EQ(answer.content_size, 7 * kPageSize);
  EXPECT_EQ(Do(stats).answer.flags, 0u);
}

TEST_F(PortOperationsTest, OperationsAreCheckedAsSystemCallsAre) {
  const auto change = [](abi::PortOperation operation, const std::function<void(abi::PortOperation&)>& what) {
    what(operation);
    return operation;
  };
  const std::pair<abi::PortOperation, zx_status_t> cases[] = {
      {OpRange(0, 0, 1), ZX_ERR_NOT_SUPPORTED},
      {OpRange(5, 0, 1), ZX_ERR_NOT_SUPPORTED},
      {OpRange(ZX_PAGER_OP_FAIL, 0, 1, 0), ZX_ERR_INVALID_ARGS},
      {OpRange(ZX_PAGER_OP_FAIL, 0, 1, static_cast<uint64_t>(ZX_ERR_TIMED_OUT)), ZX_ERR_INVALID_ARGS},
      {OpRange(ZX_PAGER_OP_FAIL, 0, 1, static_cast<uint32_t>(ZX_ERR_IO)), ZX_ERR_INVALID_ARGS},
      {OpRange(ZX_PAGER_OP_DIRTY, 0, 1, 1), ZX_ERR_INVALID_ARGS},
      {OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 1, 2), ZX_ERR_INVALID_ARGS},
      {OpRange(ZX_PAGER_OP_WRITEBACK_END, 0, 1, 1), ZX_ERR_INVALID_ARGS},
      {OpRange(ZX_PAGER_OP_DIRTY, 0, 1), ZX_ERR_NOT_FOUND},
      {OpRange(ZX_PAGER_OP_WRITEBACK_END, kPages, 1), ZX_ERR_OUT_OF_RANGE},
      {Operation(Kind::kSupply, kPages, 1), ZX_ERR_OUT_OF_RANGE},
      {Operation(Kind::kTimeOut, 0, kPages + 1), ZX_ERR_OUT_OF_RANGE},
      {Operation(Kind::kQueryDirtyRanges, UINT64_MAX / kPageSize, 1), ZX_ERR_OUT_OF_RANGE},
      {Operation(static_cast<Kind>(0)), ZX_ERR_NOT_SUPPORTED},
      {Operation(static_cast<Kind>(9)), ZX_ERR_NOT_SUPPORTED},
      {Operation(Kind::kDetach, 1, 0), ZX_ERR_INVALID_ARGS},
      {Operation(Kind::kQueryVmoStats, 0, 1), ZX_ERR_INVALID_ARGS},
      {change(Operation(Kind::kQueryVmoStats), [](auto& o) { o.argument = 2; }), ZX_ERR_INVALID_ARGS},
      {change(Operation(Kind::kSupply, 0, 1), [](auto& o) { o.offset = 1; }), ZX_ERR_INVALID_ARGS},
      {change(Operation(Kind::kSupply, 0, 1), [](auto& o) { o.length = 1; }), ZX_ERR_INVALID_ARGS},
      {change(Operation(Kind::kLend, 0, 1), [](auto& o) { o.data = 1; }), ZX_ERR_INVALID_ARGS},
      {change(Operation(Kind::kDetach), [](auto& o) { o.object = kObject + 1; }), ZX_ERR_BAD_HANDLE},
      {Operation(Kind::kSupply, 0, 0), ZX_OK},
  };
  for (const auto& [operation, status] : cases) {
    EXPECT_EQ(StatusOfDoing(operation), status)
        << static_cast<uint32_t>(operation.kind) << ' ' << operation.argument << ' ' << operation.offset;
  }
  EXPECT_FALSE(port_.Take(kRequests).has_value()) << "none of them did anything";
}

TEST_F(PortOperationsTest, ADetachedObjectFailsAndCompletesTwice) {
  Fetch(0, 1);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kDetach)), ZX_OK);
  const PortCall first = MustTake(abi::PortRequestKind::kComplete);
  PageRequest request;
  EXPECT_EQ(keeper_->vmo().RequirePage(0, PageIntent::kRead, 1, request).status(), Status(ZX_ERR_BAD_STATE));
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kSupply, 0, 1)), ZX_ERR_BAD_STATE);
  keeper_.reset();
  EXPECT_FALSE(port_.Take(kRequests).has_value()) << "one at a time";
  port_.Answer(kRequests, first, HandServedPort::Success(first));
  client_.OnInterrupt();
  const PortCall second = MustTake(abi::PortRequestKind::kComplete);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kQueryVmoStats)), ZX_OK) << "the host may still work on it";
  port_.Answer(kRequests, second, HandServedPort::Success(second));
  client_.OnInterrupt();
  ServeControl();
  EXPECT_EQ(closed_, std::vector<uint64_t>{kObject});
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kQueryVmoStats)), ZX_ERR_BAD_HANDLE);
}

TEST_F(PortOperationsTest, ProgramsThatOpenOneNameShareItsPages) {
  const PortClient::Opened second = Open();
  Fetch(7, 1);
  EXPECT_TRUE(second.vmo->PeekPage(7)) << "one of them fetched it, both have it";
  keeper_.reset();
  EXPECT_FALSE(port_.Take(kRequests).has_value()) << "somebody still has it";
}

TEST_F(PortOperationsTest, AnOpenDuringTheLastWriteBackWaitsForItsEnd) {
  keeper_.reset();
  const PortCall complete = MustTake(abi::PortRequestKind::kComplete);
  bool opened = false;
  fake_arch::SetIdleHook({});
  fake_arch::StartThread([&] {
    auto result = client_.Open(std::string_view("f"));
    ASSERT_TRUE(result.ok());
    keeper_.emplace(std::move(result->vmo));
    opened = true;
  });
  fake_arch::RunUntilIdle();
  ServeControl();
  fake_arch::RunUntilIdle();
  EXPECT_FALSE(opened);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kQueryVmoStats)), ZX_OK);
  port_.Answer(kRequests, complete, HandServedPort::Success(complete));
  client_.OnInterrupt();
  for (int i = 0; i < 4 && !opened; ++i) {
    ServeControl();
    fake_arch::RunUntilIdle();
  }
  EXPECT_TRUE(opened);
  EXPECT_EQ(closed_, std::vector<uint64_t>{kObject}) << "closed once, with both opens taken back";
  Fetch(0, 1);
}

TEST_F(PortOperationsTest, TheEndOfTheMachineWaitsForAllToBeWrittenBack) {
  struct Observer final : WriteBackObserver {
    void OnAllWrittenBack() override { ++calls; }
    int calls = 0;
  } observer;
  client_.WriteAllBack(observer);
  EXPECT_EQ(observer.calls, 0);
  const PortCall complete = MustTake(abi::PortRequestKind::kComplete);
  port_.Answer(kRequests, complete, HandServedPort::Success(complete));
  client_.OnInterrupt();
  EXPECT_EQ(observer.calls, 1);
  ServeControl();
}

TEST_F(PortOperationsTest, ADeviceThatFailsEndsSuppliesLoansAndCompletes) {
  Fetch(0, 2);
  Dirty(0, 2);
  EXPECT_EQ(StatusOfDoing(Operation(Kind::kLend, 0, 2)), ZX_OK);
  port_.Operate(Operation(Kind::kSupply, 8, 2));
  client_.OnInterrupt();
  port_.device().AskForReset();
  client_.OnInterrupt();
  EXPECT_FALSE(port_.device().active());
  keeper_.reset();
  client_.Poll();
  EXPECT_FALSE(client_.busy());
}

}  // namespace
}  // namespace gk::drivers
