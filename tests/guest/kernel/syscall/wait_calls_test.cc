#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::AdvanceTime;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;
using test::FakeEvent;

class WaitCallsTest : public test::SyscallTest {
 protected:
  WaitCallsTest()
      : event_(MakeRefCounted<FakeEvent>()),
        handle_(Add(event_, ZX_DEFAULT_EVENT_RIGHTS)),
        observed_(Put(zx_signals_t{0})),
        futex_(Put(int32_t{7})) {}

  // Makes the call in a thread that may stay blocked.
  template <typename... Arguments>
  void StartCall(Syscall number, Arguments... arguments) {
    StartThread([this, number, arguments...] {
      last_result_ = CallHere(number, arguments...);
      ++returned_;
    });
    RunUntilIdle();
  }

  RefPtr<FakeEvent> event_;
  zx_handle_t handle_;
  VirtualAddress observed_;
  VirtualAddress futex_;
  int64_t last_result_ = 1;
  int returned_ = 0;
};

TEST_F(WaitCallsTest, SleepEndsAtItsDeadlineAndIsOk) {
  StartCall(Syscall::nanosleep, CurrentTime() + 1000);
  AdvanceTime(999);
  RunUntilIdle();
  EXPECT_EQ(returned_, 0);
  AdvanceTime(1);
  RunUntilIdle();
  EXPECT_EQ(returned_, 1);
  EXPECT_EQ(last_result_, ZX_OK);
}

TEST_F(WaitCallsTest, SleepUntilThePastReturnsAtOnce) {
  StartCall(Syscall::nanosleep, int64_t{0});
  StartCall(Syscall::nanosleep, ZX_TIME_INFINITE_PAST);
  StartCall(Syscall::nanosleep, int64_t{1});
  EXPECT_EQ(returned_, 3);
  EXPECT_EQ(last_result_, ZX_OK);
}

TEST_F(WaitCallsTest, WaitOneTellsTheObservedSignalsInEveryCase) {
  StartCall(Syscall::object_wait_one, handle_, ZX_EVENT_SIGNALED, ZX_TIME_INFINITE, observed_);
  EXPECT_EQ(returned_, 0);
  event_->UpdateSignals(0, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
  RunUntilIdle();
  EXPECT_EQ(last_result_, ZX_OK);
  EXPECT_EQ(Get<zx_signals_t>(observed_), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
  EXPECT_EQ(Call(Syscall::object_wait_one, handle_, ZX_USER_SIGNAL_1, int64_t{0}, observed_), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(Get<zx_signals_t>(observed_), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
  EXPECT_EQ(Call(Syscall::object_wait_one, handle_, ZX_USER_SIGNAL_0, int64_t{0}, uint64_t{0}), ZX_OK)
      << "who does not want to know passes null";
}

TEST_F(WaitCallsTest, WaitOneChecksHandleThenRightAndTheObservedPointerLast) {
  event_->UpdateSignals(0, ZX_EVENT_SIGNALED);
  EXPECT_EQ(Call(Syscall::object_wait_one, uint32_t{3}, ZX_EVENT_SIGNALED, int64_t{0}, kBadAddress), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::object_wait_one, Without(handle_, ZX_RIGHT_WAIT), ZX_EVENT_SIGNALED, int64_t{0}, kBadAddress),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_wait_one, handle_, ZX_EVENT_SIGNALED, int64_t{0}, kBadAddress), ZX_ERR_INVALID_ARGS);
}

TEST_F(WaitCallsTest, ClosingTheHandleCancelsAWait) {
  StartCall(Syscall::object_wait_one, handle_, ZX_EVENT_SIGNALED, ZX_TIME_INFINITE, observed_);
  EXPECT_EQ(Call(Syscall::handle_close, handle_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(last_result_, ZX_ERR_CANCELED);
  EXPECT_EQ(Get<zx_signals_t>(observed_), ZX_SIGNAL_HANDLE_CLOSED);
}

TEST_F(WaitCallsTest, WaitManyTellsWhatIsPendingOnEachItem) {
  const zx_handle_t quiet = Add(MakeRefCounted<FakeEvent>(nullptr, ZX_USER_SIGNAL_2), ZX_RIGHT_WAIT);
  const VirtualAddress items = Put(std::array<zx_wait_item_t, 2>{zx_wait_item_t{quiet, ZX_USER_SIGNAL_0, 99},
                                                                 zx_wait_item_t{handle_, ZX_EVENT_SIGNALED, 99}});
  EXPECT_EQ(Call(Syscall::object_wait_many, items, 2, int64_t{0}), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(Get<zx_wait_item_t>(items).pending, ZX_USER_SIGNAL_2);
  StartCall(Syscall::object_wait_many, items, 2, ZX_TIME_INFINITE);
  event_->UpdateSignals(0, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
  RunUntilIdle();
  EXPECT_EQ(last_result_, ZX_OK);
  EXPECT_EQ(Get<zx_wait_item_t>(items).pending, ZX_USER_SIGNAL_2);
  EXPECT_EQ(Get<zx_wait_item_t>(items + 12).pending, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
}

TEST_F(WaitCallsTest, WaitManyChecksCountThenPointerThenEachHandle) {
  EXPECT_EQ(Call(Syscall::object_wait_many, kBadAddress, 65, int64_t{0}), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::object_wait_many, kBadAddress, 1, int64_t{0}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_wait_many, kBadAddress, 0, int64_t{0}), ZX_ERR_TIMED_OUT);
  const VirtualAddress items = Put(
      std::array<zx_wait_item_t, 2>{zx_wait_item_t{Without(handle_, ZX_RIGHT_WAIT), 1, 99}, zx_wait_item_t{3, 1, 99}});
  EXPECT_EQ(Call(Syscall::object_wait_many, items, 2, int64_t{0}), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_wait_many, items + 12, 1, int64_t{0}), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Get<zx_wait_item_t>(items + 12).pending, 99u);
}

TEST_F(WaitCallsTest, ClosingAHandleOfWaitManyCancelsIt) {
  const VirtualAddress items = Put(zx_wait_item_t{handle_, ZX_EVENT_SIGNALED, 99});
  StartCall(Syscall::object_wait_many, items, 1, ZX_TIME_INFINITE);
  EXPECT_EQ(Call(Syscall::handle_close, handle_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(last_result_, ZX_ERR_CANCELED);
  EXPECT_EQ(Get<zx_wait_item_t>(items).pending, ZX_SIGNAL_HANDLE_CLOSED);
}

TEST_F(WaitCallsTest, FutexWaitBlocksWhileTheValueIsAsExpectedAndWakeWakes) {
  StartCall(Syscall::futex_wait, futex_, int32_t{7}, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
  StartCall(Syscall::futex_wait, futex_, int32_t{7}, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
  EXPECT_EQ(Call(Syscall::futex_wake, futex_, 1u), ZX_OK);
  EXPECT_EQ(returned_, 1);
  EXPECT_EQ(Call(Syscall::futex_wake, futex_, UINT32_MAX), ZX_OK);
  EXPECT_EQ(returned_, 2);
  EXPECT_EQ(last_result_, ZX_OK);
}

TEST_F(WaitCallsTest, FutexWaitRefusesAnotherValueBeforeItLooksAtTheOwner) {
  EXPECT_EQ(Call(Syscall::futex_wait, futex_, int32_t{8}, uint32_t{3}, ZX_TIME_INFINITE), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::futex_wait, futex_, int32_t{7}, uint32_t{3}, ZX_TIME_INFINITE), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::futex_wait, futex_, int32_t{7}, handle_, ZX_TIME_INFINITE), ZX_ERR_WRONG_TYPE);
  const zx_handle_t myself = Add(thread_, ZX_DEFAULT_THREAD_RIGHTS);
  EXPECT_EQ(Call(Syscall::futex_wait, futex_, int32_t{7}, myself, ZX_TIME_INFINITE), ZX_ERR_INVALID_ARGS);
}

TEST_F(WaitCallsTest, RequeueChecksAddressesThenTheValueThenTheOwner) {
  const VirtualAddress target = Put(int32_t{0});
  const auto requeue = [&](VirtualAddress from, int32_t value, VirtualAddress to, zx_handle_t owner) {
    return Call(Syscall::futex_requeue, from, 0u, value, to, 1u, owner);
  };
  EXPECT_EQ(requeue(futex_, 7, futex_, ZX_HANDLE_INVALID), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(requeue(futex_, 8, target + 1, ZX_HANDLE_INVALID), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(requeue(futex_, 8, target, uint32_t{3}), ZX_ERR_BAD_STATE);
  EXPECT_EQ(requeue(futex_, 7, target, uint32_t{3}), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(requeue(futex_, 7, target, handle_), ZX_ERR_WRONG_TYPE);
  StartCall(Syscall::futex_wait, futex_, int32_t{7}, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
  EXPECT_EQ(requeue(futex_, 7, target, ZX_HANDLE_INVALID), ZX_OK);
  EXPECT_EQ(Call(Syscall::futex_wake, futex_, 9u), ZX_OK);
  EXPECT_EQ(returned_, 0);
  EXPECT_EQ(Call(Syscall::futex_wake_single_owner, target), ZX_OK);
  EXPECT_EQ(returned_, 1);
}

TEST_F(WaitCallsTest, TheOwnerOfAFutexCanBeAskedFor) {
  const VirtualAddress koid = Put(zx_koid_t{99});
  EXPECT_EQ(Call(Syscall::futex_get_owner, futex_, koid), ZX_OK);
  EXPECT_EQ(Get<zx_koid_t>(koid), ZX_KOID_INVALID);
  EXPECT_EQ(Call(Syscall::futex_get_owner, futex_, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::futex_get_owner, futex_ + 1, koid), ZX_ERR_INVALID_ARGS);
}

TEST_F(WaitCallsTest, FutexWaitTimesOut) {
  EXPECT_EQ(Call(Syscall::futex_wait, futex_, int32_t{7}, ZX_HANDLE_INVALID, int64_t{0}), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(Call(Syscall::futex_wait, futex_, int32_t{7}, ZX_HANDLE_INVALID, CurrentTime() + 5), ZX_ERR_TIMED_OUT);
}

TEST_F(WaitCallsTest, FutexAddressesMustBeAlignedUserAddresses) {
  for (VirtualAddress bad : {VirtualAddress{0}, futex_ + 1, futex_ + 2, VirtualAddress{0xffff'ffff'8000'0000}}) {
    EXPECT_EQ(Call(Syscall::futex_wait, bad, int32_t{7}, ZX_HANDLE_INVALID, int64_t{0}), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Call(Syscall::futex_wake, bad, 1u), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(Call(Syscall::futex_wait, AddressSpace::kUserBase, int32_t{0}, ZX_HANDLE_INVALID, int64_t{0}),
            ZX_ERR_INVALID_ARGS)
      << "nothing is mapped there";
}

}  // namespace
}  // namespace gk
