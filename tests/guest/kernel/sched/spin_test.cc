// Who waits in vain lets the host run somebody else, and whoever he waits for then gets to it.
#include "guest/kernel/sched/spin.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

class SpinTest : public testing::Test {
 protected:
  SpinTest() {
    fake_arch::RunUntilIdle();
    fake_arch::SetHostHook([this] {
      ++yields_;
      held_meanwhile_ = kernel_lock.held();
      if (other_) {
        other_();
      }
    });
  }
  ~SpinTest() override { fake_arch::SetHostHook({}); }

  int yields_ = 0;
  bool held_meanwhile_ = false;
  std::function<void()> other_;  // what the host runs when it gets the processor
};

TEST_F(SpinTest, WhatIsThereSoonNeedsNoHost) {
  int looks = 0;
  EXPECT_TRUE(SpinThenYield([&] { return ++looks == 3; }));
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(yields_, 0);
}

TEST_F(SpinTest, WhatIsNotThereAfterManyLooksIsLookedForOnceMoreBehindTheHost) {
  bool there = false;
  EXPECT_FALSE(SpinThenYield([&] { return there; }));
  EXPECT_EQ(yields_, 1);
  other_ = [&] { there = true; };
  EXPECT_TRUE(SpinThenYield([&] { return there; }));
  EXPECT_EQ(yields_, 2);
}

TEST_F(SpinTest, WhoHasTheLockIsLetRun) {
  KernelLock lock;
  lock.Acquire();
  other_ = [&] { lock.Release(); };
  lock.Acquire();
  EXPECT_TRUE(lock.held());
  EXPECT_EQ(yields_, 1);
}

TEST_F(SpinTest, NobodyGoesToTheHostWithTheKernelLock) {
  kernel_lock.Acquire();
  EXPECT_FALSE(SpinUnlocked([] { return false; }));
  EXPECT_EQ(yields_, 1);
  EXPECT_FALSE(held_meanwhile_);
  EXPECT_TRUE(kernel_lock.held());
  kernel_lock.Release();
}

}  // namespace
}  // namespace gk
