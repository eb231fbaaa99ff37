// When passes begin: on request, at COMPLETE, by the clock and above the limit, and who is told how they ended.
#include "devices/pager/writeback.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "devices/pager/runtime.h"
#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/manual_alarm.h"
#include "tests/devices/support/memory_target.h"
#include "tests/devices/support/recording_answer.h"

namespace {

using base::kPageSize;
using pager::Writeback;
using std::chrono::seconds;

constexpr uint64_t kPages = 8;
constexpr uint64_t kSize = kPages * kPageSize;

class WritebackTest : public testing::Test {
 protected:
  void Create(pager::WritebackOptions options) {
    writeback_ =
        Writeback::Create(context_.get_executor(), target_, options, std::make_unique<test::ManualAlarm>(clock_));
  }
  void CreateAttached(pager::WritebackOptions options) {
    Create(options);
    writeback_->Attach(vmo_, kSize);
    Poll();
  }
  // Runs everything that can run.
  void Poll() {
    context_.restart();
    context_.poll();
  }
  // Flush, whose status goes to `status`.
  void Flush(zx_status_t& status) {
    writeback_->Flush([&status](zx_status_t answer) { status = answer; });
  }
  void Dirty(uint64_t page, uint64_t count, test::AnswerRecord& record) {
    writeback_->Dirty({page * kPageSize, count * kPageSize, std::make_unique<test::RecordingAnswer>(record)});
  }
  void Complete() { writeback_->Complete(pager::CompleteRequest(std::make_unique<test::RecordingAnswer>(complete_))); }
  [[nodiscard]] size_t Passes() const {
    const std::vector<std::string> log = vmo_->log();
    return static_cast<size_t>(std::count(log.begin(), log.end(), "query 0+8"));
  }

  boost::asio::io_context context_;
  std::shared_ptr<test::MemoryTarget> target_ = std::make_shared<test::MemoryTarget>(std::string(kSize, '.'));
  std::shared_ptr<test::FakeVmo> vmo_ = std::make_shared<test::FakeVmo>(kSize);
  test::AlarmClock clock_;
  test::AnswerRecord complete_;
  std::shared_ptr<Writeback> writeback_;
};

TEST_F(WritebackTest, NothingHappensUnasked) {
  CreateAttached({});
  vmo_->Write(0, "x");
  Poll();
  EXPECT_FALSE(clock_.set);
  EXPECT_TRUE(vmo_->log().empty());
}

TEST_F(WritebackTest, FlushIsDurable) {
  CreateAttached({});
  vmo_->Write(0, "x");
  zx_status_t status = ZX_ERR_INTERNAL;
  Flush(status);
  Poll();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(target_->log.back(), "sync");
  EXPECT_EQ(target_->content[0], 'x');
}

TEST_F(WritebackTest, FlushMakesDurableWhatTheClockHasWritten) {
  CreateAttached({.interval = std::chrono::milliseconds(10)});
  vmo_->Write(0, "x");
  clock_.Ring();
  Poll();
  ASSERT_EQ(vmo_->dirty(), "") << "the clock has written it";
  ASSERT_EQ(std::count(target_->log.begin(), target_->log.end(), "sync"), 0);
  zx_status_t status = ZX_ERR_INTERNAL;
  target_->failures["sync"] = ZX_ERR_IO;
  Flush(status);
  Poll();
  EXPECT_EQ(status, ZX_ERR_IO) << "an error that the medium shows only now";
  target_->failures.clear();
  Flush(status);
  Poll();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(target_->log.back(), "sync");
}

TEST_F(WritebackTest, CompleteMakesDurableWhatTheClockHasWritten) {
  CreateAttached({.interval = std::chrono::milliseconds(10)});
  vmo_->Write(0, "x");
  clock_.Ring();
  Poll();
  Complete();
  Poll();
  EXPECT_EQ(target_->log.back(), "sync");
}

TEST_F(WritebackTest, SyncIsAFlush) {
  CreateAttached({});
  vmo_->Write(0, "x");
  test::AnswerRecord answer;
  target_->failures["write 0+4096"] = ZX_ERR_NO_SPACE;
  writeback_->Sync(pager::SyncRequest(std::make_unique<test::RecordingAnswer>(answer)));
  Poll();
  EXPECT_EQ(answer.status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(vmo_->dirty(), "0+1") << "for a later one to try again";
}

TEST_F(WritebackTest, FlushDuringAPassWaitsForOneThatBeginsAfterIt) {
  CreateAttached({});
  vmo_->Write(0, "a");
  target_->puts_off = true;
  zx_status_t first = ZX_ERR_INTERNAL;
  zx_status_t second = ZX_ERR_INTERNAL;
  zx_status_t third = ZX_ERR_INTERNAL;
  Flush(first);
  Poll();
  vmo_->Write(4 * kPageSize, "b");  // the pass has its list already
  Flush(second);
  Flush(third);
  Poll();
  EXPECT_EQ(first, ZX_ERR_INTERNAL);
  target_->puts_off = false;
  target_->Continue();
  Poll();
  EXPECT_EQ(first, ZX_OK);
  EXPECT_EQ(second, ZX_OK);
  EXPECT_EQ(third, ZX_OK);
  EXPECT_EQ(target_->content[4 * kPageSize], 'b');
  EXPECT_EQ(Passes(), 2u) << "one pass serves all who wait for it";
}

TEST_F(WritebackTest, FlushWithoutVmoIsABadState) {
  Create({});
  zx_status_t status = ZX_OK;
  Flush(status);
  Poll();
  EXPECT_EQ(status, ZX_ERR_BAD_STATE);
  EXPECT_TRUE(target_->log.empty());
}

TEST_F(WritebackTest, FailedFlushIsToldAndTheNextOneTriesAgain) {
  CreateAttached({});
  vmo_->Write(0, "x");
  target_->failures["write 0+4096"] = ZX_ERR_NO_SPACE;
  zx_status_t status = ZX_OK;
  Flush(status);
  Poll();
  EXPECT_EQ(status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(vmo_->dirty(), "0+1");
  target_->failures.clear();
  Flush(status);
  Poll();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackTest, CompleteWritesBackAnswersAndLetsGo) {
  CreateAttached({.interval = seconds(5)});
  vmo_->Write(kPageSize, "x");
  Complete();
  Poll();
  EXPECT_EQ(complete_.count, 1);
  EXPECT_EQ(complete_.status, ZX_OK);
  EXPECT_EQ(target_->log, (std::vector<std::string>{"write 4096+4096", "sync"}));
  EXPECT_EQ(vmo_.use_count(), 1);
  EXPECT_FALSE(clock_.set);
}

TEST_F(WritebackTest, LossAtCompleteIsTold) {
  CreateAttached({});
  vmo_->Write(0, "x");
  target_->failures["write 0+4096"] = ZX_ERR_IO;
  Complete();
  Poll();
  EXPECT_EQ(complete_.status, ZX_ERR_IO);
  EXPECT_EQ(target_->log.back(), "lost -40");
}

TEST_F(WritebackTest, CompleteWaitsForTheRunningPassAndMakesItsOwn) {
  CreateAttached({.interval = seconds(5)});
  vmo_->Write(0, "a");
  target_->puts_off = true;
  clock_.Ring();
  Poll();
  vmo_->Write(2 * kPageSize, "b");
  Complete();
  target_->puts_off = false;
  target_->Continue();
  Poll();
  EXPECT_EQ(complete_.status, ZX_OK);
  EXPECT_EQ(target_->content[2 * kPageSize], 'b');
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackTest, ObjectMayBeAttachedAgain) {
  CreateAttached({.interval = seconds(5)});
  Complete();
  Poll();
  vmo_ = std::make_shared<test::FakeVmo>(kSize);
  writeback_->Attach(vmo_, kSize);
  vmo_->Write(0, "x");
  Poll();
  clock_.Ring();
  Poll();
  EXPECT_EQ(target_->content[0], 'x');
}

TEST_F(WritebackTest, AlarmStartsAPassAndIsSetAgain) {
  CreateAttached({.interval = seconds(5)});
  EXPECT_EQ(clock_.set, seconds(5));
  vmo_->Write(0, "x");
  clock_.Ring();
  Poll();
  EXPECT_EQ(target_->log, std::vector<std::string>{"write 0+4096"}) << "the clock asks for no durability";
  EXPECT_EQ(clock_.set, seconds(5));
}

TEST_F(WritebackTest, MediumThatMayForgetIsSyncedAlsoByTheClock) {
  CreateAttached({.interval = seconds(5), .clock_durability = pager::Durability::kDurable});
  vmo_->Write(0, "x");
  target_->failures["sync"] = ZX_ERR_IO;
  clock_.Ring();
  Poll();
  EXPECT_EQ(vmo_->dirty(), "0+1");
  target_->failures.clear();
  clock_.Ring();
  Poll();
  EXPECT_EQ(vmo_->dirty(), "");
  EXPECT_EQ(target_->log, (std::vector<std::string>{"write 0+4096", "sync", "write 0+4096", "sync"}));
}

TEST_F(WritebackTest, AlarmTriesAgainAfterAFailure) {
  CreateAttached({.interval = seconds(5)});
  vmo_->Write(0, "x");
  target_->failures["write 0+4096"] = ZX_ERR_IO;
  clock_.Ring();
  Poll();
  EXPECT_EQ(vmo_->dirty(), "0+1");
  target_->failures.clear();
  clock_.Ring();
  Poll();
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackTest, AlarmOfAnObjectThatHasGoneDoesNothing) {
  CreateAttached({.interval = seconds(5)});
  writeback_.reset();
  EXPECT_EQ(vmo_.use_count(), 1);
  clock_.Ring();
  Poll();
  EXPECT_TRUE(vmo_->log().empty());
}

TEST_F(WritebackTest, DirtyPagesAboveHalfOfTheLimitAreWrittenBack) {
  CreateAttached({.dirty_limit = 4 * kPageSize});
  test::AnswerRecord records[2];
  Dirty(0, 2, records[0]);
  Poll();
  EXPECT_EQ(Passes(), 0u);
  vmo_->Write(0, std::string(2 * kPageSize, 'x'));
  Dirty(2, 1, records[1]);
  EXPECT_EQ(records[1].status, ZX_OK);
  Poll();
  EXPECT_EQ(Passes(), 1u);
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackTest, WriterAboveTheLimitWaitsUntilThereIsRoom) {
  CreateAttached({.dirty_limit = 4 * kPageSize});
  test::AnswerRecord records[2];
  Dirty(0, 4, records[0]);
  vmo_->Write(0, std::string(4 * kPageSize, 'x'));
  target_->puts_off = true;
  Dirty(4, 1, records[1]);
  Poll();
  EXPECT_EQ(records[1].count, 0);
  target_->puts_off = false;
  target_->Continue();
  Poll();
  EXPECT_EQ(records[1].count, 1);
  EXPECT_EQ(records[1].status, ZX_OK);
}

TEST_F(WritebackTest, WriterAboveTheLimitFailsWhenNothingCanBeWrittenBack) {
  CreateAttached({.dirty_limit = 4 * kPageSize});
  test::AnswerRecord records[2];
  Dirty(0, 4, records[0]);
  vmo_->Write(0, std::string(4 * kPageSize, 'x'));
  target_->failures["write 0+16384"] = ZX_ERR_NO_SPACE;
  Dirty(4, 1, records[1]);
  Poll();
  EXPECT_EQ(records[1].status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(vmo_->dirty(), "0+4");
}

TEST_F(WritebackTest, WritersThatWaitAreAnsweredAtComplete) {
  CreateAttached({.dirty_limit = kPageSize});
  test::AnswerRecord records[2];
  Dirty(0, 1, records[0]);
  target_->puts_off = true;
  vmo_->Write(0, "x");
  Dirty(1, 1, records[1]);
  Complete();
  Poll();
  target_->puts_off = false;
  target_->Continue();
  Poll();
  EXPECT_EQ(records[1].count, 1);
  EXPECT_EQ(complete_.count, 1);
}

TEST_F(WritebackTest, RequestsOutWhenTheExecutorEndsAreAnswered) {
  test::AnswerRecord dirty;
  {
    boost::asio::io_context context;
    auto writeback = Writeback::Create(context.get_executor(), target_, {.dirty_limit = kPageSize},
                                       std::make_unique<test::ManualAlarm>(clock_));
    writeback->Attach(vmo_, kSize);
    test::AnswerRecord first;
    writeback->Dirty({0, kPageSize, std::make_unique<test::RecordingAnswer>(first)});
    writeback->Dirty({kPageSize, kPageSize, std::make_unique<test::RecordingAnswer>(dirty)});
    target_->puts_off = true;
    vmo_->Write(0, "x");
    context.poll();
    writeback->Complete(pager::CompleteRequest(std::make_unique<test::RecordingAnswer>(complete_)));
    context.poll();
    writeback.reset();
    EXPECT_EQ(complete_.count, 0);
    target_->put_off.clear();  // the disk never answers
  }
  EXPECT_EQ(dirty.count, 1);
  EXPECT_EQ(complete_.count, 1);
  EXPECT_EQ(complete_.status, ZX_ERR_BAD_STATE);
}

// Real threads: a guest that writes while passes run. Every page is written whole, and at the end nothing is missing.
TEST(WritebackThreads, TargetEndsUpWithWhatTheGuestWrote) {
  const auto runtime = pager::Runtime::Create(3).value();
  const auto vmo = std::make_shared<test::FakeVmo>(kSize);
  const auto target = std::make_shared<test::MemoryTarget>(std::string(kSize, '\0'));
  const auto writeback = Writeback::Create(runtime->executor(), target, {.interval = std::chrono::milliseconds(1)},
                                           std::make_unique<pager::SteadyAlarm>(runtime->executor()));
  writeback->Attach(vmo, kSize);
  std::thread guest([&vmo] {
    for (uint64_t i = 0; i < 2000; ++i) {
      vmo->Write(i * 7 % kPages * kPageSize, std::string(kPageSize, static_cast<char>('a' + i % 26)));
      if (i % 50 == 0) {
        vmo->Zero(i % kPages, 1);
      }
    }
  });
  for (int i = 0; i < 20; ++i) {
    std::promise<zx_status_t> flushed;
    writeback->Flush([&flushed](zx_status_t status) { flushed.set_value(status); });
    EXPECT_EQ(flushed.get_future().get(), ZX_OK);
  }
  guest.join();
  class Answer final : public pager::Answer {
   public:
    explicit Answer(std::promise<zx_status_t>& promise) : promise_(promise) {}
    void OnAnswer(zx_status_t status) override { promise_.set_value(status); }

   private:
    std::promise<zx_status_t>& promise_;
  };
  std::promise<zx_status_t> completed;
  writeback->Complete(pager::CompleteRequest(std::make_unique<Answer>(completed)));
  EXPECT_EQ(completed.get_future().get(), ZX_OK);
  EXPECT_TRUE(target->content == vmo->text());
  EXPECT_EQ(vmo->dirty(), "");
  EXPECT_EQ(vmo->leases(), 0);
}

}  // namespace
