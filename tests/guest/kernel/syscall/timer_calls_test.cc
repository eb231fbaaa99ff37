#include "guest/kernel/object/timer_dispatcher.h"
#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::AdvanceTime;

class TimerCallsTest : public test::SyscallTest {
 protected:
  TimerCallsTest() : out_(Put(ZX_HANDLE_INVALID)) {
    EXPECT_EQ(Call(Syscall::timer_create, ZX_TIMER_SLACK_LATE, ZX_CLOCK_MONOTONIC, out_), ZX_OK);
    timer_ = Get<zx_handle_t>(out_);
  }
  int64_t Set(zx_time_t deadline) { return Call(Syscall::timer_set, timer_, deadline, int64_t{0}); }
  bool signaled() { return process_->handles().Find(timer_)->object()->signals() == ZX_TIMER_SIGNALED; }

  VirtualAddress out_;
  zx_handle_t timer_;
};

TEST_F(TimerCallsTest, CreateTakesTheMonotonicClockAndAKindOfSlack) {
  EXPECT_EQ(RightsOf(timer_), 0xd00bu);
  EXPECT_EQ(Call(Syscall::timer_create, 3u, ZX_CLOCK_MONOTONIC, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::timer_create, 0u, 1u, out_), ZX_ERR_INVALID_ARGS);
}

TEST_F(TimerCallsTest, TheSignalComesAtTheDeadline) {
  EXPECT_EQ(Set(CurrentTime() + 100), ZX_OK);
  AdvanceTime(99);
  EXPECT_FALSE(signaled());
  AdvanceTime(1);
  EXPECT_TRUE(signaled());
}

TEST_F(TimerCallsTest, ADeadlineThatHasPassedSignalsAtOnce) {
  EXPECT_EQ(Set(0), ZX_OK);
  EXPECT_TRUE(signaled());
}

TEST_F(TimerCallsTest, SettingAgainTakesBackTheSignalAndTheOldDeadline) {
  EXPECT_EQ(Set(0), ZX_OK);
  EXPECT_EQ(Set(CurrentTime() + 100), ZX_OK);
  EXPECT_FALSE(signaled());
  EXPECT_EQ(Set(CurrentTime() + 200), ZX_OK);
  AdvanceTime(150);
  EXPECT_FALSE(signaled());
  AdvanceTime(50);
  EXPECT_TRUE(signaled());
}

TEST_F(TimerCallsTest, CancelTakesBackTheSignalAndTheDeadline) {
  EXPECT_EQ(Set(0), ZX_OK);
  EXPECT_EQ(Call(Syscall::timer_cancel, timer_), ZX_OK);
  EXPECT_FALSE(signaled());
  EXPECT_EQ(Set(CurrentTime() + 100), ZX_OK);
  EXPECT_EQ(Call(Syscall::timer_cancel, timer_), ZX_OK);
  AdvanceTime(200);
  EXPECT_FALSE(signaled());
}

TEST_F(TimerCallsTest, AWaitForATimerEndsAtItsDeadline) {
  EXPECT_EQ(Set(CurrentTime() + 100), ZX_OK);
  EXPECT_EQ(Call(Syscall::object_wait_one, timer_, ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, uint64_t{0}), ZX_OK);
}

TEST_F(TimerCallsTest, ClosingTheHandleDisarms) {
  const RefPtr<Dispatcher> object = process_->handles().Find(timer_)->object();
  EXPECT_EQ(Set(CurrentTime() + 100), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, timer_), ZX_OK);
  AdvanceTime(100);
  EXPECT_EQ(object->signals(), ZX_SIGNAL_NONE);
}

TEST_F(TimerCallsTest, SetAndCancelCheckHandleTypeRightAndSlack) {
  EXPECT_EQ(Call(Syscall::timer_set, timer_, int64_t{0}, int64_t{-1}), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::timer_set, uint32_t{3}, int64_t{0}, int64_t{0}), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::timer_set, root_, int64_t{0}, int64_t{0}), ZX_ERR_WRONG_TYPE);
  const zx_handle_t weak = Without(timer_, ZX_RIGHT_WRITE);
  EXPECT_EQ(Call(Syscall::timer_set, weak, int64_t{0}, int64_t{0}), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::timer_cancel, weak), ZX_ERR_ACCESS_DENIED);
}

}  // namespace
}  // namespace gk
