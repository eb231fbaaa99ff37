#include "guest/kernel/object/signal_wait.h"

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

class SignalWaitTest : public testing::Test {
 protected:
  void StartWaiting(zx_signals_t watched, zx_time_t deadline, HandleKey key = HandleKey()) {
    StartThread([this, watched, deadline, key] {
      WaitTarget target(event_, key, watched);
      result_.status = WaitForAny({&target, 1}, deadline, BlockReason::kWaitOne);
      result_.observed = target.observed();
      done_ = true;
    });
    RunUntilIdle();
  }

  RefPtr<FakeEvent> event_ = MakeRefCounted<FakeEvent>();
  struct {
    Status status{ZX_ERR_INTERNAL};
    zx_signals_t observed = 0;
  } result_;
  bool done_ = false;
};

TEST_F(SignalWaitTest, AnActiveSignalIsSeenWithoutBlockingEvenAfterTheDeadline) {
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_3);
  StartWaiting(ZX_USER_SIGNAL_0, 0);
  ASSERT_TRUE(done_);
  EXPECT_TRUE(result_.status.ok());
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_3);
}

TEST_F(SignalWaitTest, ADeadlineInThePastOnlyLooks) {
  event_->UpdateSignals(0, ZX_USER_SIGNAL_1);
  StartWaiting(ZX_USER_SIGNAL_0, ZX_TIME_INFINITE_PAST);
  ASSERT_TRUE(done_);
  EXPECT_EQ(result_.status.value(), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_1);
}

TEST_F(SignalWaitTest, BlocksUntilTheSignalComesAndReportsWhatWasActiveThen) {
  StartWaiting(ZX_USER_SIGNAL_0, ZX_TIME_INFINITE);
  EXPECT_FALSE(done_);
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  event_->UpdateSignals(ZX_USER_SIGNAL_0, 0);  // gone again before the waiter runs
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(result_.status.ok());
  EXPECT_EQ(result_.observed, ZX_USER_SIGNAL_0);
}

TEST_F(SignalWaitTest, TimesOutWithTheSignalsOfThatMoment) {
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

TEST_F(SignalWaitTest, ASignalThatComesBetweenDeadlineAndWakeUpCounts) {
  StartWaiting(ZX_USER_SIGNAL_0, CurrentTime() + 100);
  AdvanceTime(100);
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(result_.status.ok());
}

TEST_F(SignalWaitTest, ClosingTheHandleCancelsTheWait) {
  HandleTable table(1);
  const zx_handle_t handle = *table.Add(Handle(event_, ZX_RIGHT_WAIT));
  StartWaiting(ZX_USER_SIGNAL_0, ZX_TIME_INFINITE, {.table = &table, .value = handle});
  table.Remove(handle).Reset();
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_EQ(result_.status.value(), ZX_ERR_CANCELED);
  EXPECT_EQ(result_.observed, ZX_SIGNAL_HANDLE_CLOSED);
}

TEST_F(SignalWaitTest, AllWaitersOfAnObjectAreWoken) {
  int woken = 0;
  for (int i = 0; i < 5; ++i) {
    StartThread([&] {
      WaitTarget target(event_, HandleKey(), ZX_USER_SIGNAL_0);
      EXPECT_TRUE(WaitForAny({&target, 1}, ZX_TIME_INFINITE, BlockReason::kWaitOne).ok());
      ++woken;
    });
  }
  RunUntilIdle();
  event_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  RunUntilIdle();
  EXPECT_EQ(woken, 5);
}

class WaitForAnyTest : public testing::Test {
 protected:
  void StartWaiting(zx_time_t deadline, HandleKey first_handle = HandleKey()) {
    StartThread([this, deadline, first_handle] {
      WaitTarget targets[2] = {{first_, first_handle, ZX_USER_SIGNAL_0}, {second_, HandleKey(), ZX_USER_SIGNAL_0}};
      status_ = WaitForAny(targets, deadline, BlockReason::kWaitMany);
      observed_[0] = targets[0].observed();
      observed_[1] = targets[1].observed();
      done_ = true;
    });
    RunUntilIdle();
  }

  RefPtr<FakeEvent> first_ = MakeRefCounted<FakeEvent>();
  RefPtr<FakeEvent> second_ = MakeRefCounted<FakeEvent>();
  Status status_{ZX_ERR_INTERNAL};
  zx_signals_t observed_[2] = {};
  bool done_ = false;
};

TEST_F(WaitForAnyTest, OneSignalEndsItAndTheOthersTellWhatIsActive) {
  StartWaiting(ZX_TIME_INFINITE);
  first_->UpdateSignals(0, ZX_USER_SIGNAL_3);
  RunUntilIdle();
  EXPECT_FALSE(done_);
  second_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  second_->UpdateSignals(ZX_USER_SIGNAL_0, 0);
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(status_.ok());
  EXPECT_EQ(observed_[0], ZX_USER_SIGNAL_3);
  EXPECT_EQ(observed_[1], ZX_USER_SIGNAL_0);
}

TEST_F(WaitForAnyTest, AHandleThatIsClosedCancelsEvenBesideASignal) {
  HandleTable table(1);
  const zx_handle_t handle = *table.Add(Handle(first_, ZX_RIGHT_WAIT));
  StartWaiting(ZX_TIME_INFINITE, {.table = &table, .value = handle});
  second_->UpdateSignals(0, ZX_USER_SIGNAL_0);
  table.Remove(handle).Reset();
  RunUntilIdle();
  ASSERT_TRUE(done_);
  EXPECT_EQ(status_.value(), ZX_ERR_CANCELED);
  EXPECT_EQ(observed_[0], ZX_SIGNAL_HANDLE_CLOSED);
  EXPECT_EQ(observed_[1], ZX_USER_SIGNAL_0);
}

TEST_F(WaitForAnyTest, NothingToWaitForIsASleep) {
  StartThread([this] {
    status_ = WaitForAny({}, CurrentTime() + 10, BlockReason::kWaitMany);
    done_ = true;
  });
  RunUntilIdle();
  EXPECT_FALSE(done_);
  AdvanceTime(10);
  RunUntilIdle();
  EXPECT_EQ(status_.value(), ZX_ERR_TIMED_OUT);
}

}  // namespace
}  // namespace gk
