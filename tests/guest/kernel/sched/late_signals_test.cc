// What is to be said is said when the kernel lock is let go of, once.
#include "guest/kernel/sched/late_signals.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/sched/cpu.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "tests/support/fake_arch/fibers.h"
#include "tests/support/fake_arch/mmio.h"

namespace gk {
namespace {

using Stores = std::vector<std::pair<uint64_t, uint32_t>>;

class Doorbells final : public fake_arch::RegisterModel {
 public:
  uint32_t Read32(uint64_t) override { return 0; }
  void Write32(uint64_t offset, uint32_t value) override { stores.emplace_back(offset, value); }
  void Write64(uint64_t, uint64_t) override {}

  Stores stores;
};

class LateSignalsTest : public testing::Test {
 protected:
  LateSignalsTest() { fake_arch::RunUntilIdle(); }

  LateSignals& late() { return arch::CurrentCpu().late_signals; }

  Doorbells bells_;
  fake_arch::RegisterWindow window_{bells_};
  const uint64_t interrupts_ = fake_arch::cpu_interrupts();
};

TEST_F(LateSignalsTest, NothingIsSaidBeforeTheLockIsLetGoOf) {
  late().Ring(window_.address() + 8, 1);
  late().InterruptCpu(3);
  EXPECT_TRUE(bells_.stores.empty());
  EXPECT_EQ(fake_arch::cpu_interrupts(), interrupts_);
  kernel_lock.Relax();
  EXPECT_EQ(bells_.stores, (Stores{{8, 1}}));
  EXPECT_EQ(fake_arch::cpu_interrupts(), interrupts_ + 1);
  kernel_lock.Relax();
  EXPECT_EQ(bells_.stores.size(), 1u);
  EXPECT_EQ(fake_arch::cpu_interrupts(), interrupts_ + 1);
}

TEST_F(LateSignalsTest, WhatIsSaidTwiceIsSaidOnce) {
  for (int i = 0; i < 2; ++i) {
    late().Ring(window_.address() + 8, 1);
    late().Ring(window_.address() + 8, 2);
    late().InterruptCpu(3);
    late().InterruptCpu(5);
  }
  kernel_lock.Relax();
  EXPECT_EQ(bells_.stores, (Stores{{8, 1}, {8, 2}}));
  EXPECT_EQ(fake_arch::cpu_interrupts(), interrupts_ + 2);
}

TEST_F(LateSignalsTest, BellsThatHaveNoRoomAreRungAtOnceAndNoneIsLost) {
  for (uint32_t value = 0; value < 6; ++value) {
    late().Ring(window_.address(), value);
  }
  EXPECT_EQ(bells_.stores, (Stores{{0, 4}, {0, 5}}));
  kernel_lock.Relax();
  EXPECT_EQ(bells_.stores, (Stores{{0, 4}, {0, 5}, {0, 0}, {0, 1}, {0, 2}, {0, 3}}));
}

TEST_F(LateSignalsTest, OneDevicesBellsAreForgottenAndNoOthers) {
  late().Ring(window_.address(), 0);
  late().Ring(window_.address() + 8, 1);
  late().Ring(window_.address(), 2);
  late().Forget(window_.address());
  kernel_lock.Relax();
  EXPECT_EQ(bells_.stores, (Stores{{8, 1}}));
}

}  // namespace
}  // namespace gk
