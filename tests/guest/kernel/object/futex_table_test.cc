#include "guest/kernel/object/futex_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

using fake_arch::AdvanceTime;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;
using test::FakeEvent;

class FutexTableTest : public testing::Test {
 protected:
  void StartWaiting(char name, VirtualAddress address, zx_time_t deadline = ZX_TIME_INFINITE,
                    RefPtr<Dispatcher> owner = nullptr) {
    StartThread([this, name, address, deadline, owner] {
      const RefPtr<FakeEvent> self = MakeRefCounted<FakeEvent>();
      names_[self.get()] = name;
      last_status_ = table_.Wait(address, *self, owner, deadline);
      woken_ += name;
    });
    RunUntilIdle();
  }
  uint32_t Wake(VirtualAddress address, uint32_t count) {
    const uint32_t number = table_.Wake(address, count);
    RunUntilIdle();
    return number;
  }

  // The owner's name, or a blank.
  char Owner(VirtualAddress address) {
    const Dispatcher* owner = table_.OwnerOf(address);
    return owner != nullptr ? names_[owner] : ' ';
  }

  FutexTable table_;
  std::map<const Dispatcher*, char> names_;
  std::string woken_;
  Status last_status_{ZX_OK};
};

TEST_F(FutexTableTest, WakesTheLongestWaitingFirstAndNoMoreThanAskedFor) {
  for (char name : {'a', 'b', 'c', 'd'}) {
    StartWaiting(name, 0x1000);
  }
  EXPECT_EQ(Wake(0x1000, 0), 0u);
  EXPECT_EQ(Wake(0x1000, 2), 2u);
  EXPECT_EQ(woken_, "ab");
  EXPECT_EQ(Wake(0x1000, UINT32_MAX), 2u);
  EXPECT_EQ(woken_, "abcd");
  EXPECT_EQ(Wake(0x1000, 1), 0u);
}

TEST_F(FutexTableTest, WakesNobodyAtAnotherAddress) {
  for (uint64_t i = 0; i < 100; ++i) {  // enough to share every bucket
    StartWaiting('x', 0x1000 + 4 * i);
  }
  EXPECT_EQ(Wake(0x1000 + 4 * 50, 100), 1u);
  EXPECT_EQ(woken_, "x");
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(Wake(0x1000 + 4 * i, 100), i == 50 ? 0u : 1u);
  }
}

TEST_F(FutexTableTest, TimesOutAndIsThenNoLongerWaiting) {
  StartWaiting('a', 0x1000, CurrentTime() + 10);
  AdvanceTime(10);
  RunUntilIdle();
  EXPECT_EQ(last_status_.value(), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(Wake(0x1000, 1), 0u);
}

TEST_F(FutexTableTest, AWaiterWhoseTimeIsUpDoesNotUseUpAWakeUp) {
  StartWaiting('a', 0x1000, CurrentTime() + 10);
  StartWaiting('b', 0x1000);
  AdvanceTime(10);  // 'a' has timed out but has not run yet
  EXPECT_EQ(Wake(0x1000, 1), 1u);
  EXPECT_EQ(woken_, "ab");
  EXPECT_TRUE(last_status_.ok()) << "of 'b'";
}

TEST_F(FutexTableTest, TheOwnerIsWhomTheLatestWaiterNamedWhileSomebodyWaits) {
  const RefPtr<FakeEvent> holder = MakeRefCounted<FakeEvent>();
  names_[holder.get()] = 'h';
  EXPECT_EQ(Owner(0x1000), ' ');
  StartWaiting('a', 0x1000, ZX_TIME_INFINITE, holder);
  EXPECT_EQ(Owner(0x1000), 'h');
  StartWaiting('b', 0x1000);
  EXPECT_EQ(Owner(0x1000), ' ');
  StartWaiting('c', 0x1000, ZX_TIME_INFINITE, holder);
  EXPECT_EQ(Wake(0x1000, 0), 0u);
  EXPECT_EQ(Owner(0x1000), ' ') << "a wake-up, even of nobody, gives the futex up";
  StartWaiting('d', 0x1000, ZX_TIME_INFINITE, holder);
  holder->UpdateSignals(0, ZX_THREAD_TERMINATED);
  EXPECT_EQ(Owner(0x1000), ' ') << "the dead own nothing";
  EXPECT_EQ(Wake(0x1000, 9), 4u);
}

TEST_F(FutexTableTest, WakeSingleOwnerHandsTheFutexOn) {
  StartWaiting('a', 0x1000);
  StartWaiting('b', 0x1000);
  table_.WakeSingleOwner(0x1000);
  EXPECT_EQ(Owner(0x1000), 'a');
  RunUntilIdle();
  EXPECT_EQ(woken_, "a");
  table_.WakeSingleOwner(0x1000);
  EXPECT_EQ(Owner(0x1000), ' ') << "nobody waits any more";
  RunUntilIdle();
  EXPECT_EQ(woken_, "ab");
  table_.WakeSingleOwner(0x1000);
}

TEST_F(FutexTableTest, RequeueMovesWaitersBehindThoseOfTheOtherFutex) {
  const RefPtr<FakeEvent> holder = MakeRefCounted<FakeEvent>();
  names_[holder.get()] = 'h';
  for (char name : {'a', 'b', 'c'}) {
    StartWaiting(name, 0x1000);
  }
  StartWaiting('z', 0x2000);
  table_.Requeue(0x1000, 0x2000, 2, holder);
  EXPECT_EQ(Owner(0x2000), 'h');
  EXPECT_EQ(Wake(0x1000, 9), 1u);
  EXPECT_EQ(Wake(0x2000, 9), 3u);
  EXPECT_EQ(woken_, "czab");
}

}  // namespace
}  // namespace gk
