#include "guest/kernel/object/futex_table.h"

#include <gtest/gtest.h>

#include <string>

#include "guest/kernel/sched/clock.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

using fake_arch::AdvanceTime;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;

class FutexTableTest : public testing::Test {
 protected:
  void StartWaiting(char name, VirtualAddress address, zx_time_t deadline = ZX_TIME_INFINITE) {
    StartThread([this, name, address, deadline] {
      last_status_ = table_.Wait(address, deadline);
      woken_ += name;
    });
    RunUntilIdle();
  }
  uint32_t Wake(VirtualAddress address, uint32_t count) {
    const uint32_t number = table_.Wake(address, count);
    RunUntilIdle();
    return number;
  }

  FutexTable table_;
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

}  // namespace
}  // namespace gk
