// Processes, jobs and suspension as programs meet them: this program makes processes and watches over them.
#include <pagoda/thread.h>
#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/policy.h>

#include "guest/programs/task-test-child.h"

namespace task_test {
namespace {

// ---- Processes

TEST(Process, OneThatWasNeverStartedHasNothingAndEndsWithItsHandle) {
  zx_handle_t process = ZX_HANDLE_INVALID;
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_process_create(zx_job_default(), "idle", 4, 0, &process, &root));
  zx_info_process_t info{};
  EXPECT_OK(zx_object_get_info(process, ZX_INFO_PROCESS, &info, sizeof(info), nullptr, nullptr));
  EXPECT_EQ(info.flags, 0u);
  size_t threads = 1;
  EXPECT_OK(zx_object_get_info(process, ZX_INFO_PROCESS_THREADS, nullptr, 0, nullptr, &threads));
  EXPECT_EQ(threads, 0u);
  EXPECT_EQ(SignalsOf(process), 0u);
  EXPECT_OK(zx_task_kill(process));
  EXPECT_EQ(SignalsOf(process), ZX_PROCESS_TERMINATED);
  EXPECT_OK(zx_handle_close(process));
  EXPECT_OK(zx_handle_close(root));
}

TEST(Process, OneOfMachineCodeRunsBesideItsMaker) {
  Child child(kSay42AndSpin);
  ASSERT_OK(child.Start());
  child.WaitForWord(42);
  EXPECT_EQ(child.Info().flags, ZX_INFO_PROCESS_FLAG_STARTED);
  EXPECT_OK(zx_task_kill(child.process));
  EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
  EXPECT_EQ(child.Info().return_code, ZX_TASK_RETCODE_SYSCALL_KILL);
  EXPECT_EQ(child.Start(), ZX_ERR_BAD_STATE);
}

TEST(Process, ItFindsTheHandleThatItWasStartedWith) {
  using pagoda::abi::Syscall;
  // mov rbx, rsi; the handle is in rdi
  Child child(CallThenExit({0x48, 0x89, 0xf3}, Syscall::handle_close));
  zx_handle_t event = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_event_create(0, &event));
  ASSERT_OK(child.StartAtCall(Syscall::handle_close, event));
  EXPECT_EQ(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
  EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
  EXPECT_EQ(child.Info().return_code, ZX_OK);
}

TEST(Process, ManyComeAndGo) {
  for (int round = 0; round < 20; ++round) {
    Child child(kSay42AndSpin);
    ASSERT_OK(child.Start());
    if (round % 2 == 0) {
      child.WaitForWord(42);
    }
  }
}

TEST(Process, AFaultNobodyHandlesEndsItAndNotItsMaker) {
  Child child(kFaultThenSay42);
  ASSERT_OK(child.Start());
  EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
  EXPECT_EQ(child.Info().return_code, ZX_TASK_RETCODE_EXCEPTION_KILL);
}

TEST(Process, AThreadOfAnotherProcessCanBeKilled) {
  Child child(kCount);
  ASSERT_OK(child.Start());
  EXPECT_OK(zx_task_kill(child.thread));
  EXPECT_OK(WaitFor(child.thread, ZX_THREAD_TERMINATED));
  EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
  EXPECT_EQ(child.Info().return_code, 0);
}

// ---- Suspension

TEST(Suspend, AThreadInUserCodeStandsStillAndGoesOn) {
  Child child(kCount);
  ASSERT_OK(child.Start());
  zx_handle_t token = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_task_suspend(child.thread, &token));
  ASSERT_OK(WaitFor(child.thread, ZX_THREAD_SUSPENDED));
  const uint32_t before = child.shared->load();
  zx_nanosleep(zx_deadline_after(ZX_MSEC(2)));
  EXPECT_EQ(child.shared->load(), before);
  zx_thread_state_general_regs_t registers{};
  EXPECT_OK(zx_thread_read_state(child.thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  EXPECT_EQ(registers.rsi, child.shared_address);
  EXPECT_LE(registers.rip - child.code_address, 2u);
  EXPECT_OK(zx_handle_close(token));
  while (child.shared->load() == before) {
    zx_thread_legacy_yield(0);
  }
}

TEST(Suspend, AThreadCanBeSentElsewhere) {
  Child child(kCount);
  zx_handle_t token = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_task_suspend(child.process, &token));
  ASSERT_OK(child.Start());
  ASSERT_OK(WaitFor(child.thread, ZX_THREAD_SUSPENDED));
  EXPECT_EQ(child.shared->load(), 0u);
  zx_thread_state_general_regs_t registers{};
  ASSERT_OK(zx_thread_read_state(child.thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  EXPECT_EQ(registers.rip, child.code_address);
  registers.rsi += 8;  // counts elsewhere
  ASSERT_OK(zx_thread_write_state(child.thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  EXPECT_OK(zx_handle_close(token));
  while (child.shared[2].load() < 1000) {
    zx_thread_legacy_yield(0);
  }
  EXPECT_EQ(child.shared->load(), 0u);
}

TEST(Suspend, AWaitThatWasInterruptedGoesOn) {
  std::atomic<int> futex = 0;
  std::atomic<zx_status_t> result = 1;
  pagoda::Thread thread;
  ASSERT_OK(thread.Start(
      "waits", [&] { result = zx_futex_wait(reinterpret_cast<zx_futex_t*>(&futex), 0, ZX_HANDLE_INVALID, kForever); }));
  zx_nanosleep(zx_deadline_after(ZX_MSEC(1)));
  for (int round = 0; round < 3; ++round) {
    zx_handle_t token = ZX_HANDLE_INVALID;
    ASSERT_OK(zx_task_suspend(thread.handle()->get(), &token));
    ASSERT_OK(WaitFor(thread.handle()->get(), ZX_THREAD_SUSPENDED));
    ASSERT_OK(zx_handle_close(token));
    ASSERT_OK(WaitFor(thread.handle()->get(), ZX_THREAD_RUNNING));
  }
  EXPECT_EQ(result.load(), 1);
  while (result.load() == 1) {
    zx_futex_wake(reinterpret_cast<zx_futex_t*>(&futex), 1);
    zx_thread_legacy_yield(0);
  }
  thread.Join();
  EXPECT_OK(result.load());
}

// ---- Jobs

TEST(Job, KillEndsTheProcessesInIt) {
  zx_handle_t job = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_job_create(zx_job_default(), 0, &job));
  EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES);
  {
    Child child(kCount, job);
    ASSERT_OK(child.Start());
    EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_JOBS);
    EXPECT_OK(zx_task_kill(job));
    EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
  }
  EXPECT_OK(WaitFor(job, ZX_JOB_TERMINATED));
  EXPECT_OK(zx_handle_close(job));
}

TEST(Job, PolicyIsFixedForJobsBelow) {
  zx_handle_t job = ZX_HANDLE_INVALID;
  zx_handle_t inner = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_job_create(zx_job_default(), 0, &job));
  const zx_policy_basic_v2_t deny{ZX_POL_NEW_VMO, ZX_POL_ACTION_DENY, ZX_POL_OVERRIDE_DENY};
  const zx_policy_basic_v2_t allow{ZX_POL_NEW_VMO, ZX_POL_ACTION_ALLOW, ZX_POL_OVERRIDE_DENY};
  EXPECT_OK(zx_job_set_policy(job, ZX_JOB_POL_ABSOLUTE, ZX_JOB_POL_BASIC_V2, &deny, 1));
  ASSERT_OK(zx_job_create(job, 0, &inner));
  EXPECT_EQ(zx_job_set_policy(inner, ZX_JOB_POL_ABSOLUTE, ZX_JOB_POL_BASIC_V2, &allow, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(zx_job_set_policy(job, ZX_JOB_POL_ABSOLUTE, ZX_JOB_POL_BASIC_V2, &deny, 1), ZX_ERR_BAD_STATE);
  const zx_handle_t handles[] = {inner, job};
  EXPECT_OK(zx_handle_close_many(handles, 2));
}

// The code of a child that makes an object; rsi holds the call's address.
struct Creation {
  uint32_t policy;
  pagoda::abi::Syscall call;
  std::vector<uint8_t> arguments;
};

void ExpectPolicyDecides(const Creation& creation) {
  const struct {
    uint32_t action;
    int64_t return_code;
  } cases[] = {
      {ZX_POL_ACTION_ALLOW, ZX_OK},
      {ZX_POL_ACTION_DENY, ZX_ERR_ACCESS_DENIED},
      {ZX_POL_ACTION_KILL, ZX_TASK_RETCODE_POLICY_KILL},
  };
  for (const auto& each : cases) {
    zx_handle_t job = ZX_HANDLE_INVALID;
    ASSERT_OK(zx_job_create(zx_job_default(), 0, &job));
    const zx_policy_basic_v2_t rule{creation.policy, each.action, ZX_POL_OVERRIDE_DENY};
    ASSERT_OK(zx_job_set_policy(job, ZX_JOB_POL_ABSOLUTE, ZX_JOB_POL_BASIC_V2, &rule, 1));
    {
      Child child(CallThenExit(creation.arguments, creation.call), job);
      ASSERT_OK(child.StartAtCall(creation.call));
      EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
      EXPECT_EQ(child.Info().return_code, each.return_code);
    }
    EXPECT_OK(zx_handle_close(job));
  }
}

TEST(Job, PolicyDecidesWhetherAProcessGetsAVmo) {
  // mov rbx, rsi; mov edi, 4096; xor esi, esi; lea rdx, [rsp - 16]
  ExpectPolicyDecides({ZX_POL_NEW_VMO,
                       pagoda::abi::Syscall::vmo_create,
                       {0x48, 0x89, 0xf3, 0xbf, 0, 0x10, 0, 0, 0x31, 0xf6, 0x48, 0x8d, 0x54, 0x24, 0xf0}});
}

TEST(Job, PolicyDecidesWhetherAProcessGetsAPager) {
  // mov rbx, rsi; xor edi, edi; lea rsi, [rsp - 16]
  ExpectPolicyDecides({ZX_POL_NEW_PAGER,
                       pagoda::abi::Syscall::pager_create,
                       {0x48, 0x89, 0xf3, 0x31, 0xff, 0x48, 0x8d, 0x74, 0x24, 0xf0}});
}

}  // namespace
}  // namespace task_test
