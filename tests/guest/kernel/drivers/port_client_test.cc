// The port driver against a device that the test answers by hand: order, room, waiting, and every lie a device can
// tell.
#include "guest/kernel/drivers/port_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/page_request.h"
#include "guest/kernel/vm/read_ahead.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/drivers/port_support.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk::drivers {
namespace {

using test::HandServedPort;
using test::PageKeeper;
using test::PortCall;
using test::TestRam;

constexpr uint64_t kObject = 42;
constexpr uint32_t kControl = abi::kPortControlQueue;
constexpr uint32_t kRequests = abi::kPortRequestQueue;

class PortClientTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(client_.Start(port_.driver()).ok()); }
  void TearDown() override {
    ServeControl();
    client_.Poll();
    ServeCloses();
    fake_arch::SetIdleHook({});
    EXPECT_EQ(port_.plugged().complaints(), 0u);
    if (port_.device().active()) {
      EXPECT_FALSE(TakeRead().has_value()) << "a read that nobody answered";
      EXPECT_TRUE(port_.driver().GiveUp());
    }
  }

  // Answers every open with `kObject` and every close; remembers what was closed.
  void ServeControl() {
    while (port_.device().active()) {
      const auto call = port_.Take(kControl);
      if (!call) {
        return;
      }
      if (call->request.kind == abi::PortRequestKind::kClose) {
        closed_.push_back(call->request.object);
        port_.Answer(kControl, *call, HandServedPort::Success(*call));
      } else {
        opened_.push_back(call->name);
        port_.Answer(kControl, *call, open_reply_(*call));
      }
    }
  }

  // The next READ; COMPLETEs in front of it are answered.
  std::optional<PortCall> TakeRead() {
    while (port_.device().active()) {
      auto call = port_.Take(kRequests);
      if (!call || call->request.kind != abi::PortRequestKind::kComplete) {
        return call;
      }
      completed_.push_back(call->request.object);
      port_.Answer(kRequests, *call, HandServedPort::Success(*call));
    }
    return std::nullopt;
  }
  // Answers COMPLETEs, and the closes that follow. Precondition: no READ is on its way.
  void ServeCloses() {
    EXPECT_FALSE(TakeRead().has_value());
    client_.Poll();
    ServeControl();
    client_.Poll();
  }

  // Opens in a kernel thread, with the device served whenever the kernel has nothing to do.
  Result<PortClient::Opened> Open(std::string_view name) {
    fake_arch::SetIdleHook([this] {
      ServeControl();
      client_.OnInterrupt();
      return true;
    });
    Result<PortClient::Opened> result = Error(ZX_ERR_SHOULD_WAIT);
    fake_arch::RunInThread([&] { result = client_.Open(name); });
    return result;
  }

  // An open object with `pages` pages and somebody to own them.
  std::unique_ptr<PageKeeper> OpenKeeper(uint64_t pages) {
    page_count_ = pages;
    auto opened = Open("f");
    EXPECT_TRUE(opened.ok());
    return std::make_unique<PageKeeper>(std::move(opened->vmo));
  }

  // Opens and expects the answer `reply` to be refused; the object is closed if the reply names one.
  void ExpectRefusal(const std::function<abi::PortReply(const PortCall&)>& reply, zx_status_t status) {
    open_reply_ = reply;
    EXPECT_EQ(Open("f").error(), Status(status));
  }

  TestRam ram_;
  HandServedPort port_{ram_};
  PortClient client_;
  uint64_t page_count_ = 1;
  std::function<abi::PortReply(const PortCall&)> open_reply_ = [this](const PortCall& call) {
    return HandServedPort::Opened(call, kObject, page_count_ * kPageSize);
  };
  std::vector<std::string> opened_;
  std::vector<uint64_t> completed_;
  std::vector<uint64_t> closed_;
};

TEST_F(PortClientTest, OpenGivesTheSizesAndTheLastReferenceCloses) {
  open_reply_ = [](const PortCall& call) {
    abi::PortReply reply = HandServedPort::Opened(call, kObject, 5000);
    reply.flags = abi::kPortObjectReadOnly;
    return reply;
  };
  auto opened = Open("src/dir/file");
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened_, std::vector<std::string>{"src/dir/file"});
  EXPECT_EQ(opened->vmo->size(), 8192u);
  EXPECT_EQ(opened->vmo->content_size(), 5000u);
  EXPECT_FALSE(opened->vmo->resizable());
  EXPECT_TRUE(opened->read_only);
  EXPECT_STREQ(opened->vmo->name().c_str(), "src/dir/file");
  ServeCloses();
  EXPECT_TRUE(completed_.empty());
  opened->vmo.reset();
  ServeCloses();
  EXPECT_EQ(completed_, std::vector<uint64_t>{kObject});
  EXPECT_EQ(closed_, std::vector<uint64_t>{kObject});
}

TEST_F(PortClientTest, OpenRefusesNamesThatCannotBeSent) {
  EXPECT_EQ(Open("").error(), Status(ZX_ERR_INVALID_ARGS));
  EXPECT_EQ(Open(std::string(256, 'n')).error(), Status(ZX_ERR_INVALID_ARGS));
  EXPECT_TRUE(opened_.empty());
  EXPECT_TRUE(Open(std::string(255, 'n')).ok());
}

TEST_F(PortClientTest, OpenPassesOnWhatThePagerSaid) {
  ExpectRefusal(
      [](const PortCall& call) {
        abi::PortReply reply = HandServedPort::Success(call);
        reply.status = ZX_ERR_NOT_FOUND;
        return reply;
      },
      ZX_ERR_NOT_FOUND);
  ServeControl();
  EXPECT_TRUE(closed_.empty());
}

TEST_F(PortClientTest, OpenBelievesNoNonsense) {
  const std::function<void(abi::PortReply&)> nonsense[] = {
      [](auto& reply) { ++reply.id; },
      [](auto& reply) { reply.status = 1; },
      [](auto& reply) { reply.status = ZX_ERR_INTERNAL_INTR_KILLED; },
      [](auto& reply) { reply.object = 0; },
      [](auto& reply) { reply.size = 4097; },
      [](auto& reply) { reply.content_size = reply.size + 1; },
      [](auto& reply) { reply.flags = 8; },
  };
  for (const auto& spoil : nonsense) {
    ExpectRefusal(
        [&](const PortCall& call) {
          abi::PortReply reply = HandServedPort::Opened(call, kObject, 8192);
          spoil(reply);
          return reply;
        },
        ZX_ERR_IO_DATA_INTEGRITY);
  }
  ServeControl();
  EXPECT_EQ(closed_.size(), 3u) << "where the host has opened something, it is closed";
}

TEST_F(PortClientTest, OpenFailsCleanlyWhenMemoryRunsOut) {
  for (uint64_t failing = 1; failing <= 2; ++failing) {
    fake_arch::RunInThread([&] {
      torture::FailAllocation(failing);
      EXPECT_EQ(client_.Open(std::string_view("f")).error(), Status(ZX_ERR_NO_MEMORY));
      torture::FailAllocation(0);
    });
  }
  EXPECT_FALSE(port_.Take(kControl).has_value());
}

TEST_F(PortClientTest, MoreOpensThanSlotsAllGetTheirTurn) {
  fake_arch::SetIdleHook([this] {
    ServeControl();
    EXPECT_FALSE(TakeRead().has_value());
    client_.OnInterrupt();
    return true;
  });
  size_t succeeded = 0;
  for (size_t i = 0; i < 3 * PortControl::kSlots; ++i) {
    fake_arch::StartThread([&] { succeeded += client_.Open(std::string_view("f")).ok() ? 1u : 0u; });
  }
  fake_arch::RunInThread([&] { EXPECT_TRUE(client_.Open(std::string_view("last")).ok()); });
  fake_arch::RunUntilIdle();
  EXPECT_EQ(succeeded, 3 * PortControl::kSlots);
}

TEST_F(PortClientTest, AnOpenerThatIsKilledLeavesNothingOpen) {
  RefPtr<Thread> opener;
  Status outcome(ZX_OK);
  fake_arch::StartThread([&] {
    opener = RefPtr<Thread>(Thread::Current());
    outcome = StatusOf(client_.Open(std::string_view("f")));
  });
  fake_arch::RunUntilIdle();
  opener->Kill();
  fake_arch::RunUntilIdle();
  EXPECT_EQ(outcome, Status(ZX_ERR_INTERNAL_INTR_KILLED));
  ServeControl();
  EXPECT_EQ(opened_.size(), 1u);
  EXPECT_TRUE(closed_.empty());
  client_.OnInterrupt();
  ServeCloses();
  EXPECT_EQ(closed_, std::vector<uint64_t>{kObject});
}

TEST_F(PortClientTest, ReadNamesThePagesToFillAndNothingElse) {
  const auto keeper = OpenKeeper(100);
  PageRequest request;
  ASSERT_TRUE(keeper->Require(64, 32, request).ok());
  const auto call = TakeRead();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->request.kind, abi::PortRequestKind::kRead);
  EXPECT_EQ(call->request.object, kObject);
  EXPECT_EQ(call->request.offset, 64 * kPageSize);
  EXPECT_EQ(call->request.length, 32 * kPageSize);
  EXPECT_EQ(call->chain.writable_bytes(), 32 * kPageSize + sizeof(abi::PortReply));
  port_.AnswerRead(*call);
  EXPECT_TRUE(request.waiting());
  client_.Poll();
  EXPECT_FALSE(request.waiting());
  EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
  ASSERT_EQ(keeper->size(), 32u);
  for (PageIndex index = 64; index < 96; ++index) {
    EXPECT_EQ(*keeper->page(index)->data<uint64_t>(), index);
  }
}

// Nobody waits for what a stream reads ahead, so it is answered without an interrupt.
TEST_F(PortClientTest, WhatWasReadAheadIsHeardOfWhenMemoryIsShort) {
  const auto keeper = OpenKeeper(2000);
  PageRequest requests[3];
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(keeper->Require(PageIndex{1} << (2 * i) & ~PageIndex{1}, 1, requests[i]).ok());  // 0, 4, 16
  }
  size_t answered = 0;
  while (const auto call = TakeRead()) {
    port_.AnswerRead(*call);
    ++answered;
  }
  EXPECT_GT(answered, 3u);
  EXPECT_EQ(keeper->size(), 0u);
  reclaim::ReclaimToHighWatermark();
  EXPECT_GT(keeper->size(), 64u);
  for (PageRequest& request : requests) {
    EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
  }
}

TEST_F(PortClientTest, NeighbouringPagesAreOneBuffer) {
  const auto keeper = OpenKeeper(32);
  PageRequest request;
  ASSERT_TRUE(keeper->Require(0, 32, request).ok());
  const auto call = TakeRead();
  ASSERT_TRUE(call.has_value());
  // A fresh allocator hands out neighbours in some order; far fewer buffers than pages is what counts.
  EXPECT_LT(call->chain.writable().size(), 33u);
  uint64_t bytes = 0;
  for (const dev::GuestBuffer& buffer : call->chain.writable()) {
    bytes += buffer.bytes.size();
  }
  EXPECT_EQ(bytes, 32 * kPageSize + sizeof(abi::PortReply));
  port_.AnswerRead(*call);
  client_.Poll();
}

// Far more reads than slots, answered in an order of the test's choosing.
TEST_F(PortClientTest, ReadsAreAnsweredInAnyOrderAndTheRestFollows) {
  constexpr uint64_t kReads = 5 * PortRequests::kSlots;
  constexpr uint64_t kApart = ReadAhead::kLongestStride + 1;  // no stream
  const auto keeper = OpenKeeper(kApart * (kReads + 1));
  std::deque<PageRequest> requests(kReads);
  for (uint64_t i = 0; i < kReads; ++i) {
    ASSERT_TRUE(keeper->Require(kApart * (i + 1), 1, requests[i]).ok());
  }
  size_t at_once = 0;
  while (keeper->size() < kReads) {
    std::vector<PortCall> calls;
    while (auto call = TakeRead()) {
      calls.push_back(std::move(*call));
    }
    ASSERT_FALSE(calls.empty());
    at_once = std::max(at_once, calls.size());
    for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
      port_.AnswerRead(*call);
    }
    client_.Poll();
  }
  EXPECT_EQ(at_once, PortRequests::kSlots / 2) << "one object leaves the others as much as it takes";
  for (uint64_t i = 0; i < kReads; ++i) {
    EXPECT_TRUE(requests[i].Wait(SuspendPolicy::kGiveWay).ok());
    EXPECT_EQ(*keeper->page(kApart * (i + 1))->data<uint64_t>(), kApart * (i + 1));
  }
}

// One object with far more to read than there is room, whose host answers nothing; another one is heard all the same.
TEST_F(PortClientTest, AnObjectThatIsNeverAnsweredLeavesRoomForOthers) {
  const auto hog = OpenKeeper(1000);
  std::deque<PageRequest> hog_requests(3 * PortRequests::kSlots);
  for (size_t i = 0; i < hog_requests.size(); ++i) {
    ASSERT_TRUE(hog->Require(i, 2, hog_requests[i]).ok());
  }
  std::vector<PortCall> held;
  while (auto call = TakeRead()) {
    held.push_back(std::move(*call));
  }
  open_reply_ = [](const PortCall& call) { return HandServedPort::Opened(call, kObject + 1, 10 * kPageSize); };
  const auto other = OpenKeeper(10);
  PageRequest request;
  ASSERT_TRUE(other->Require(3, 2, request).ok());
  const auto call = TakeRead();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->request.object, kObject + 1);
  port_.AnswerRead(*call);
  client_.Poll();
  EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
  while (!held.empty()) {
    port_.AnswerRead(held.back());
    held.pop_back();
    client_.Poll();
    while (auto next = TakeRead()) {
      held.push_back(std::move(*next));
    }
  }
}

TEST_F(PortClientTest, AFailedReadInstallsNothing) {
  const auto keeper = OpenKeeper(4);
  PageRequest request;
  ASSERT_TRUE(keeper->Require(0, 1, request).ok());
  const auto call = TakeRead();
  abi::PortReply reply = HandServedPort::Success(*call);
  reply.status = ZX_ERR_IO_DATA_LOSS;
  port_.Answer(kRequests, *call, reply);
  client_.Poll();
  EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO_DATA_LOSS));
  EXPECT_EQ(keeper->size(), 0u);
}

TEST_F(PortClientTest, AReadBelievesNoNonsense) {
  const std::function<void(abi::PortReply&)> nonsense[] = {
      [](auto& reply) { ++reply.id; },
      [](auto& reply) { reply.status = 7; },
      [](auto& reply) { reply.status = INT32_MIN; },
      [](auto& reply) { reply.size -= 4096; },
  };
  const auto keeper = OpenKeeper(1);
  for (const auto& spoil : nonsense) {
    PageRequest request;
    ASSERT_TRUE(keeper->Require(0, 1, request).ok());
    const auto call = TakeRead();
    abi::PortReply reply = HandServedPort::Success(*call);
    spoil(reply);
    port_.Answer(kRequests, *call, reply);
    client_.Poll();
    EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
    EXPECT_EQ(keeper->size(), 0u);
  }
}

TEST_F(PortClientTest, AReadWhoseUsedLengthLacksTheReplyFails) {
  const auto keeper = OpenKeeper(1);
  for (const uint32_t missing : {1u, 40u, 41u}) {
    PageRequest request;
    ASSERT_TRUE(keeper->Require(0, 1, request).ok());
    const auto call = TakeRead();
    const abi::PortReply reply = HandServedPort::Success(*call);
    const auto end = call->chain.writable().back().bytes;
    std::memcpy(end.data() + end.size() - sizeof(reply), &reply, sizeof(reply));
    port_.device().Give(kRequests, call->chain, call->chain.writable_bytes() - missing);
    client_.Poll();
    EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO_DATA_INTEGRITY)) << missing;
  }
}

TEST_F(PortClientTest, ADeviceThatBreaksTheRulesIsResetAndEverythingFails) {
  constexpr size_t kReads = 2 * PortRequests::kSlots;
  constexpr uint64_t kApart = ReadAhead::kLongestStride + 1;  // no stream
  const auto keeper = OpenKeeper(kApart * (kReads + 2));
  std::deque<PageRequest> requests(kReads);
  for (size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(keeper->Require((i + 1) * kApart, 1, requests[i]).ok());
  }
  const auto call = TakeRead();
  port_.device().Give(kRequests, call->chain, call->chain.writable_bytes() + 1);
  client_.Poll();
  EXPECT_FALSE(port_.device().active()) << "it has been reset";
  for (PageRequest& request : requests) {
    EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO));
  }
  EXPECT_EQ(keeper->size(), 0u);
  PageRequest late;
  ASSERT_TRUE(keeper->Require(kApart * (kReads + 1), 1, late).ok());
  EXPECT_EQ(late.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO));
  EXPECT_EQ(Open("f").error(), Status(ZX_ERR_IO));
}

TEST_F(PortClientTest, ADeviceThatAsksForAResetGetsItAtItsInterrupt) {
  const auto keeper = OpenKeeper(1);
  PageRequest request;
  ASSERT_TRUE(keeper->Require(0, 1, request).ok());
  (void)port_.Take(kRequests);
  port_.device().AskForReset();
  client_.OnInterrupt();
  EXPECT_FALSE(port_.device().active());
  EXPECT_EQ(request.Wait(SuspendPolicy::kGiveWay).error(), Status(ZX_ERR_IO));
}

TEST_F(PortClientTest, AnAnswerThatIsPolledForRaisesNoInterrupt) {
  const auto keeper = OpenKeeper(1000);
  for (PageIndex index = 0; index < 1000; index += 32) {
    PageRequest request;
    ASSERT_TRUE(keeper->Require(index, 1, request).ok());
    client_.Poll();
    const auto call = TakeRead();
    EXPECT_FALSE(port_.AnswerRead(*call));
    client_.Poll();
    EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
  }
}

TEST_F(PortClientTest, AThreadThatBlocksIsWokenByTheInterrupt) {
  constexpr size_t kThreads = 10;
  const auto keeper = OpenKeeper(1000);
  size_t done = 0;
  for (PageIndex index = 0; index < kThreads; ++index) {
    fake_arch::StartThread([&, index] {
      PageRequest request;
      ASSERT_TRUE(keeper->Require(index * 64, 1, request).ok());
      EXPECT_TRUE(request.Wait(SuspendPolicy::kGiveWay).ok());
      ++done;
    });
  }
  fake_arch::RunUntilIdle();
  std::vector<PortCall> held;
  while (auto call = TakeRead()) {
    held.push_back(std::move(*call));
  }
  ASSERT_EQ(held.size(), kThreads);
  for (; !held.empty(); held.pop_back()) {
    EXPECT_TRUE(port_.AnswerRead(held.back())) << "a blocked thread relies on the interrupt";
    client_.OnInterrupt();
    fake_arch::RunUntilIdle();
    EXPECT_EQ(done, kThreads + 1 - held.size());
  }
}

// A thread syncs the object; `serve` is the device, when it has the request.
class PortSyncTest : public PortClientTest {
 protected:
  void SetUp() override {
    PortClientTest::SetUp();
    vmo_ = std::move(Open("f")->vmo);
    fake_arch::SetIdleHook({});
    fake_arch::StartThread([this] {
      thread_ = RefPtr<Thread>(Thread::Current());
      outcome_ = StatusOf(vmo_->Sync());
    });
    fake_arch::RunUntilIdle();
    call_ = port_.Take(kRequests);
    ASSERT_TRUE(call_.has_value());
  }
  void TearDown() override {
    vmo_.reset();
    PortClientTest::TearDown();
  }
  void Answer(zx_status_t status) {
    abi::PortReply reply = HandServedPort::Success(*call_);
    reply.status = status;
    EXPECT_TRUE(port_.Answer(kRequests, *call_, reply)) << "a blocked thread relies on the interrupt";
    client_.OnInterrupt();
    fake_arch::RunUntilIdle();
  }

  RefPtr<Vmo> vmo_;
  RefPtr<Thread> thread_;
  Status outcome_{ZX_ERR_SHOULD_WAIT};
  std::optional<PortCall> call_;
};

TEST_F(PortSyncTest, SyncNamesTheObjectAndReturnsTheHostsStatus) {
  EXPECT_EQ(call_->request.kind, abi::PortRequestKind::kSync);
  EXPECT_EQ(call_->request.object, kObject);
  EXPECT_EQ(call_->request.offset | call_->request.length | call_->request.operation, 0u);
  EXPECT_EQ(outcome_, Status(ZX_ERR_SHOULD_WAIT)) << "it waits";
  Answer(ZX_ERR_NO_SPACE);
  EXPECT_EQ(outcome_, Status(ZX_ERR_NO_SPACE));
}

TEST_F(PortSyncTest, AThreadThatIsKilledDoesNotWaitAndItsAnswerHarmsNobody) {
  thread_->Kill();
  fake_arch::RunUntilIdle();
  EXPECT_EQ(outcome_, Status(ZX_ERR_INTERNAL_INTR_KILLED));
  Answer(ZX_OK);
}

TEST_F(PortSyncTest, ADeviceThatFailsFailsTheSyncAndAllLaterOnes) {
  port_.device().Give(kRequests, call_->chain, call_->chain.writable_bytes() + 1);
  client_.Poll();
  fake_arch::RunUntilIdle();
  EXPECT_EQ(outcome_, Status(ZX_ERR_IO));
  EXPECT_EQ(vmo_->Sync().error(), Status(ZX_ERR_IO));
}

TEST_F(PortClientTest, ReadsOutliveTheirObjectUntilTheyAreAnswered) {
  auto keeper = OpenKeeper(4);
  {
    PageRequest request;
    ASSERT_TRUE(keeper->Require(0, 1, request).ok());
  }
  const auto call = TakeRead();
  keeper.reset();
  ServeCloses();
  EXPECT_EQ(closed_, std::vector<uint64_t>{kObject});
  const uint64_t free_before = GetPmmStatistics().free_pages;
  port_.AnswerRead(*call);
  client_.Poll();
  EXPECT_GT(GetPmmStatistics().free_pages, free_before) << "until then the device may have filled the pages";
}

TEST(PortClientStart, RefusesWhatItCannotTalkTo) {
  struct Case {
    abi::PortConfig config;
    uint16_t queue_size;
  };
  const Case cases[] = {{{abi::kPortVersion + 1, 256}, 256},
                        {{0, 256}, 256},
                        {{abi::kPortVersion, 16}, 256},
                        {{1, 256}, 256},
                        {{abi::kPortVersion, 256}, 32}};
  for (const Case& wrong : cases) {
    const TestRam ram;
    HandServedPort port(ram, wrong.config, wrong.queue_size);
    PortClient client;
    EXPECT_EQ(client.Start(port.driver()).error(), Status(ZX_ERR_NOT_SUPPORTED));
    EXPECT_FALSE(port.device().active());
    fake_arch::RunInThread([&] { EXPECT_EQ(client.Open(std::string_view("f")).error(), Status(ZX_ERR_IO)); });
  }
}

TEST(PortClientStart, GivesEverythingBackWhenMemoryRunsOut) {
  const TestRam ram;
  HandServedPort port(ram);
  const uint64_t free_before = GetPmmStatistics().free_pages;
  uint64_t failing = 1;
  for (;; ++failing) {
    PortClient client;
    torture::FailAllocation(failing);
    const Result<> result = client.Start(port.driver());
    torture::FailAllocation(0);
    if (result.ok()) {
      EXPECT_TRUE(port.driver().GiveUp());
      break;
    }
    EXPECT_EQ(result.error(), Status(ZX_ERR_NO_MEMORY)) << failing;
    EXPECT_FALSE(port.device().active());
  }
  EXPECT_GT(failing, 4u);
  EXPECT_EQ(GetPmmStatistics().free_pages, free_before);
}

}  // namespace
}  // namespace gk::drivers
