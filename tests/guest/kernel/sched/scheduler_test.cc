// The scheduler and its wait queues, over fibers on the host.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/cpu.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/sched/wait_queue.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

using fake_arch::AdvanceTime;
using fake_arch::RunInThread;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;

TEST(Scheduler, ReadyThreadsRunInTheOrderInWhichTheyBecameReady) {
  std::string order;
  StartThread([&] { order += 'a'; });
  StartThread([&] { order += 'b'; });
  StartThread([&] { order += 'c'; });
  RunUntilIdle();
  EXPECT_EQ(order, "abc");
  EXPECT_FALSE(scheduler->has_ready());
}

TEST(Scheduler, YieldingThreadsTakeTurns) {
  std::string order;
  for (char name : {'a', 'b'}) {
    StartThread([&order, name] {
      for (int turn = 0; turn < 3; ++turn) {
        order += name;
        Thread::YieldCurrent();
      }
    });
  }
  RunUntilIdle();
  EXPECT_EQ(order, "ababab");
}

TEST(Scheduler, YieldWithNobodyElseReadyGoesOnAtOnce) {
  bool done = false;
  RunInThread([&] {
    Thread::YieldCurrent();
    done = true;
  });
  EXPECT_TRUE(done);
}

TEST(WaitQueue, WakeOneWakesWhoHasWaitedLongestAndNobodyElse) {
  WaitQueue queue;
  std::string order;
  for (char name : {'a', 'b', 'c'}) {
    StartThread([&, name] {
      EXPECT_TRUE(queue.Block(ZX_TIME_INFINITE).ok());
      order += name;
    });
  }
  RunUntilIdle();
  EXPECT_EQ(queue.WakeOne(), 1u);
  RunUntilIdle();
  EXPECT_EQ(order, "a");
  EXPECT_EQ(queue.WakeAll(), 2u);
  RunUntilIdle();
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(queue.WakeOne(), 0u);
}

TEST(WaitQueue, TheWakersStatusReachesTheWaiter) {
  WaitQueue queue;
  Status status(ZX_OK);
  StartThread([&] { status = queue.Block(ZX_TIME_INFINITE); });
  RunUntilIdle();
  queue.WakeOne(Status(ZX_ERR_IO));
  RunUntilIdle();
  EXPECT_EQ(status.value(), ZX_ERR_IO);
}

TEST(WaitQueue, ADeadlineInThePastDoesNotBlock) {
  WaitQueue queue;
  RunInThread([&] { EXPECT_EQ(queue.Block(CurrentTime()).value(), ZX_ERR_TIMED_OUT); });
  EXPECT_TRUE(queue.empty());
}

TEST(WaitQueue, DeadlinesFireInTheirOrderAndNotEarly) {
  std::string order;
  const zx_time_t start = CurrentTime();
  const struct {
    char name;
    zx_duration_t delay;
  } sleepers[] = {{'c', 300}, {'a', 100}, {'b', 200}};
  for (const auto& sleeper : sleepers) {
    StartThread([&order, start, sleeper] {
      EXPECT_EQ(Thread::SleepUntil(start + sleeper.delay).value(), ZX_ERR_TIMED_OUT);
      EXPECT_GE(CurrentTime(), start + sleeper.delay);
      order += sleeper.name;
    });
  }
  RunUntilIdle();
  AdvanceTime(99);
  RunUntilIdle();
  EXPECT_EQ(order, "");
  AdvanceTime(1);
  RunUntilIdle();
  EXPECT_EQ(order, "a");
  AdvanceTime(1000);
  RunUntilIdle();
  EXPECT_EQ(order, "abc");
}

TEST(WaitQueue, AWokenThreadsDeadlineDoesNotFireLater) {
  WaitQueue queue;
  std::vector<zx_status_t> results;
  StartThread([&] {
    results.push_back(queue.Block(CurrentTime() + 100).value());
    results.push_back(queue.Block(ZX_TIME_INFINITE).value());
  });
  RunUntilIdle();
  queue.WakeOne();
  RunUntilIdle();
  AdvanceTime(1000);
  RunUntilIdle();
  EXPECT_EQ(results, (std::vector<zx_status_t>{ZX_OK}));
  queue.WakeOne(Status(ZX_ERR_CANCELED));
  RunUntilIdle();
  EXPECT_EQ(results, (std::vector<zx_status_t>{ZX_OK, ZX_ERR_CANCELED}));
}

RefPtr<Thread> StartBlocked(WaitQueue& queue, Status& result) {
  struct Block {
    WaitQueue& queue;
    Status& result;
  };
  auto* block = new Block{queue, result};
  auto thread = Thread::CreateKernel(
      [](void* argument) {
        auto* what = static_cast<Block*>(argument);
        what->result = what->queue.Block(ZX_TIME_INFINITE);
        delete what;
      },
      block);
  (*thread)->Start();
  RunUntilIdle();
  return *thread;
}

TEST(Thread, KillWakesABlockedThreadWithIntrKilled) {
  WaitQueue queue;
  Status result(ZX_OK);
  RefPtr<Thread> thread = StartBlocked(queue, result);
  EXPECT_EQ(thread->state(), Thread::State::kBlocked);
  thread->Kill();
  RunUntilIdle();
  EXPECT_EQ(result.value(), ZX_ERR_INTERNAL_INTR_KILLED);
  EXPECT_EQ(thread->state(), Thread::State::kDead);
  thread->Kill();  // a dead one: nothing
  EXPECT_FALSE(scheduler->has_ready());
}

TEST(Thread, AThreadThatIsToEndDoesNotBlockAgain) {
  WaitQueue queue;
  bool checked = false;
  StartThread([&] {
    Thread::Current()->Kill();
    EXPECT_EQ(queue.Block(ZX_TIME_INFINITE).value(), ZX_ERR_INTERNAL_INTR_KILLED);
    checked = true;
  });
  RunUntilIdle();
  EXPECT_TRUE(checked);
}

TEST(Thread, OneThatNeverStartedDiesAtOnce) {
  auto thread = Thread::CreateKernel([](void*) { FAIL(); }, nullptr);
  (*thread)->Kill();
  EXPECT_EQ((*thread)->state(), Thread::State::kDead);
  RunUntilIdle();
}

TEST(Thread, ItsMemoryIsGivenBackOnceItHasEnded) {
  auto thread = Thread::CreateKernel([](void*) {}, nullptr);
  const RefPtr<Thread> kept = std::move(*thread);
  kept->Start();
  EXPECT_EQ(kept->reference_count(), 2u);  // ours and the scheduler's
  RunUntilIdle();
  EXPECT_EQ(kept->reference_count(), 1u);
}

TEST(Scheduler, AnIdleCpuTakesWhatItMakesReadyAndInterruptsNobody) {
  RunUntilIdle();
  const uint64_t interrupts = fake_arch::cpu_interrupts();
  arch::CurrentCpu().idling = true;
  bool ran = false;
  StartThread([&] { ran = true; });
  EXPECT_FALSE(arch::CurrentCpu().idling);
  RunUntilIdle();
  EXPECT_TRUE(ran);
  EXPECT_EQ(fake_arch::cpu_interrupts(), interrupts);
}

TEST(Scheduler, TheTimerIsNotSetAgainForALaterDeadline) {
  WaitQueue queue;
  const uint64_t interrupts = fake_arch::cpu_interrupts();
  RunInThread([&] { EXPECT_EQ(queue.Block(CurrentTime() + 50).value(), ZX_ERR_TIMED_OUT); });
  EXPECT_EQ(fake_arch::cpu_interrupts(), interrupts);
}

}  // namespace
}  // namespace gk
