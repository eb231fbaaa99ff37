#include "guest/kernel/object/wait_one.h"

#include <gtest/gtest.h>

#include "guest/kernel/object/handle_table.h"
#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

using fake_arch::AdvanceTime;
using fake_arch::RunInThread;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;
using test::FakeEvent;

class WaitOneTest : public testing::Test {
 protected:
  void StartWaiting(zx_signals_t watched, zx_time_t deadline, HandleKey key = HandleKey()) {
    StartThread([this, watched, deadline, key] {
      result_ = WaitOne(event_, key, watched, deadline);
      done_ = true;
    });
    RunUntilIdle();
  }

  RefPtr<FakeEvent> event_ = MakeRefCounted<FakeEvent>();
  WaitOneResult result_{Status(ZX_ERR_INTERNAL), 0};
  bool done_ = false;
};

TEST_F(WaitOneTest, AnActiveSignalIsSeenWithoutBlockingEvenAfterTheDeadline) {
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_3);
  StartWaiting(ZX_USER_SIGNAL_0, 0);
  ASSERT_TRUE(done_);
  EXPECT_TRUE(result_.status.ok());
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_3);
}

TEST_F(WaitOneTest, ADeadlineInThePastOnlyLooks) {
  event_->UpdateSignals(0, ZX_USER_SIGNAL_1);
  StartWaiting(ZX_USER_SIGNAL_0, ZX_TIME_INFINITE_PAST);
  ASSERT_TRUE(done_);
  EXPECT_EQ(result_.status.value(), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_1);
}

TEST_F(WaitOneTest, BlocksUntilTheSignalComesAndReportsWhatWasActiveThen) {
  StartWaiting(ZX_USER_SIGNAL_0, ZX_TIME_INFINITE);
  EXPECT_FALSE(done_);
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  event_->UpdateSignals(ZX_USER_SIGNAL_0, 0);  // gone again before the waiter runs
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(result_.status.ok());
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_0);
}

TEST_F(WaitOneTest, TimesOutWithTheSignalsOfThatMoment) {
  StartWaiting(ZX_USER_SIGNAL_0, CurrentTime() + 100);
  event_->UpdateSignals(0, ZX_USER_SIGNAL_5);
  AdvanceTime(99);
  RunUntilIdle();
  EXPECT_FALSE(done_);
  AdvanceTime(1);
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_EQ(result_.status.value(), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_5);
}

TEST_F(WaitOneTest, ASignalThatComesBetweenDeadlineAndWakeUpCounts) {
  StartWaiting(ZX_USER_SIGNAL_0, CurrentTime() + 100);
  AdvanceTime(100);
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(result_.status.ok());
}

TEST_F(WaitOneTest, ClosingTheHandleCancelsTheWait) {
  HandleTable table(1);
  const zx_handle_t handle = *table.Add(Handle(event_, ZX_RIGHT_WAIT));
  StartWaiting(ZX_USER_SIGNAL_0, ZX_TIME_INFINITE, {.table = &table, .value = handle});
  table.Remove(handle).Reset();
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_EQ(result_.status.value(), ZX_ERR_CANCELED);
  EXPECT_EQ(result_.observed, ZX_SIGNAL_HANDLE_CLOSED);
}

TEST_F(WaitOneTest, AllWaitersOfAnObjectAreWoken) {
  int woken = 0;
  for (int i = 0; i < 5; ++i) {
    StartThread([&] {
      EXPECT_TRUE(WaitOne(event_, HandleKey(), ZX_USER_SIGNAL_0, ZX_TIME_INFINITE).status.ok());
      ++woken;
    });
  }
  RunUntilIdle();
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  RunUntilIdle();
  EXPECT_EQ(woken, 5);
}

}  // namespace
}  // namespace gk
