#include <zircon/syscalls/object.h>
#include <zircon/syscalls/policy.h>

#include <array>

#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::RunUntilIdle;

class JobCallsTest : public test::SyscallTest {
 protected:
  JobCallsTest()
      : root_job_(Add(process_->job_reference(), ZX_DEFAULT_JOB_RIGHTS)),
        out_(Put(zx_handle_t{0})),
        out2_(Put(zx_handle_t{0})) {}

  zx_handle_t CreateJob(zx_handle_t parent) {
    EXPECT_EQ(Call(Syscall::job_create, parent, 0u, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  zx_handle_t CreateProcess(zx_handle_t job) {
    EXPECT_EQ(Call(Syscall::process_create, job, PutText("child"), 5, 0u, out_, out2_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  template <typename T>
  RefPtr<T> ObjectOf(zx_handle_t handle) {
    return *process_->handles().Get<T>(handle, ZX_RIGHT_NONE);
  }
  zx_signals_t SignalsOf(zx_handle_t handle) { return (*process_->handles().GetAny(handle, ZX_RIGHT_NONE))->signals(); }
  zx_status_t SetPolicy(zx_handle_t job, uint32_t condition, uint32_t action) {
    const zx_policy_basic_v2_t rule{.condition = condition, .action = action, .flags = ZX_POL_OVERRIDE_DENY};
    return static_cast<zx_status_t>(
        Call(Syscall::job_set_policy, job, ZX_JOB_POL_ABSOLUTE, ZX_JOB_POL_BASIC_V2, Put(rule), 1u));
  }

  test::UserCode user_;
  zx_handle_t root_job_;
  VirtualAddress out_, out2_;
};

TEST_F(JobCallsTest, AJobSignalsWhetherItHasChildren) {
  const zx_handle_t job = CreateJob(root_job_);
  EXPECT_EQ(RightsOf(job), ZX_DEFAULT_JOB_RIGHTS);
  EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES);
  const zx_handle_t inner = CreateJob(job);
  EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_PROCESSES);
  const zx_handle_t process = CreateProcess(job);
  EXPECT_EQ(SignalsOf(job), 0u);
  EXPECT_EQ(Call(Syscall::handle_close, inner), ZX_OK);
  EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_JOBS);
  EXPECT_EQ(Call(Syscall::task_kill, process), ZX_OK);
  EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES);
}

TEST_F(JobCallsTest, KillEndsEverythingBelowAndNothingElse) {
  const zx_handle_t job = CreateJob(root_job_);
  const zx_handle_t inner = CreateJob(job);
  const zx_handle_t process = CreateProcess(inner);
  const zx_handle_t beside = CreateProcess(root_job_);
  EXPECT_EQ(Call(Syscall::task_kill, Without(job, ZX_RIGHT_DESTROY)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::task_kill, job), ZX_OK);
  EXPECT_EQ(SignalsOf(process), ZX_PROCESS_TERMINATED);
  EXPECT_EQ(ObjectOf<ProcessDispatcher>(process)->return_code(), ZX_TASK_RETCODE_SYSCALL_KILL);
  constexpr zx_signals_t kOver = ZX_JOB_TERMINATED | ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES;
  EXPECT_EQ(SignalsOf(inner), kOver);
  EXPECT_EQ(SignalsOf(job), kOver);
  EXPECT_EQ(Call(Syscall::job_create, job, 0u, out_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::process_create, job, 0, 0, 0u, out_, out2_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(SignalsOf(beside), 0u);
  EXPECT_EQ(process_->state(), ProcessDispatcher::State::kInitial);
}

TEST_F(JobCallsTest, AJobIsOverOnlyWhenItsProcessesAre) {
  const zx_handle_t job = CreateJob(root_job_);
  const zx_handle_t process = CreateProcess(job);
  const RefPtr<ThreadDispatcher> thread =
      *ThreadDispatcher::Create(ObjectOf<ProcessDispatcher>(process), NameOf("busy"));
  const VirtualAddress entry = user_.Add([](UserRegisters&) { test::UserSyscall(Syscall::nanosleep, INT64_MAX); });
  EXPECT_TRUE(thread->Start({.rip = entry, .stack = 0, .argument1 = 0, .argument2 = 0}).ok());
  RunUntilIdle();
  ObjectOf<JobDispatcher>(job)->Kill(7);
  EXPECT_EQ(SignalsOf(job), ZX_JOB_NO_JOBS);
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(job), ZX_JOB_TERMINATED | ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES);
  EXPECT_EQ(ObjectOf<JobDispatcher>(job)->return_code(), 7);
}

TEST_F(JobCallsTest, JobsNestToABound) {
  zx_handle_t job = root_job_;
  for (uint32_t depth = 1; depth < JobDispatcher::kMaxDepth; ++depth) {
    job = CreateJob(job);
  }
  EXPECT_EQ(Call(Syscall::job_create, job, 0u, out_), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::job_create, root_job_, 1u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_create, Without(root_job_, ZX_RIGHT_MANAGE_JOB), 0u, out_), ZX_ERR_ACCESS_DENIED);
}

TEST_F(JobCallsTest, AJobWithoutHandleStaysWhileItHasMembers) {
  const zx_handle_t job = CreateJob(root_job_);
  const zx_handle_t process = CreateProcess(job);
  const RefPtr<JobDispatcher> held = ObjectOf<JobDispatcher>(job);
  EXPECT_EQ(Call(Syscall::handle_close, job), ZX_OK);
  EXPECT_EQ(held->state(), JobDispatcher::State::kReady);
  EXPECT_EQ(Call(Syscall::handle_close, process), ZX_OK);
  EXPECT_EQ(held->state(), JobDispatcher::State::kDead);
  EXPECT_EQ(held->signals() & ZX_JOB_TERMINATED, ZX_JOB_TERMINATED);
}

TEST_F(JobCallsTest, PolicyIsInheritedAndCannotBeSetOverChildren) {
  const zx_handle_t job = CreateJob(root_job_);
  EXPECT_EQ(SetPolicy(job, ZX_POL_NEW_VMO, ZX_POL_ACTION_DENY), ZX_OK);
  const zx_handle_t inner = CreateJob(job);
  EXPECT_EQ(ObjectOf<JobDispatcher>(inner)->policy().action(ZX_POL_NEW_VMO), ZX_POL_ACTION_DENY);
  EXPECT_EQ(SetPolicy(inner, ZX_POL_NEW_VMO, ZX_POL_ACTION_ALLOW), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(SetPolicy(job, ZX_POL_NEW_PORT, ZX_POL_ACTION_DENY), ZX_ERR_BAD_STATE);
  EXPECT_EQ(SetPolicy(Without(inner, ZX_RIGHT_SET_POLICY), 0, 0), ZX_ERR_ACCESS_DENIED);
}

TEST_F(JobCallsTest, SetPolicyChecksItsNumbersAndReadsBothForms) {
  const zx_handle_t job = CreateJob(root_job_);
  const VirtualAddress rule = Put(zx_policy_basic_v1_t{.condition = ZX_POL_NEW_PORT, .policy = ZX_POL_ACTION_KILL});
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 2u, ZX_JOB_POL_BASIC_V1, rule, 1u), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 0u, 5u, rule, 1u), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 0u, ZX_JOB_POL_BASIC_V1, rule, 0u), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 0u, ZX_JOB_POL_BASIC_V1, kBadAddress, 1u), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 0u, ZX_JOB_POL_BASIC_V1, rule, ZX_POL_MAX + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 0u, ZX_JOB_POL_BASIC_V1, rule, 1u), ZX_OK);
  EXPECT_EQ(ObjectOf<JobDispatcher>(job)->policy().action(ZX_POL_NEW_PORT), ZX_POL_ACTION_KILL);
}

TEST_F(JobCallsTest, PolicyDecidesAboutNewProcessesOfTheCaller) {
  const zx_handle_t job = CreateJob(root_job_);
  EXPECT_EQ(SetPolicy(job, ZX_POL_NEW_PROCESS, ZX_POL_ACTION_DENY), ZX_OK);
  RefPtr<ProcessDispatcher> other = *ProcessDispatcher::Create(ObjectOf<JobDispatcher>(job), NameOf("other"));
  const RefPtr<ThreadDispatcher> thread = *ThreadDispatcher::Create(other, NameOf("t"));
  EXPECT_EQ(EnforcePolicy(*other, *thread, ZX_POL_NEW_PROCESS).value(), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(EnforcePolicy(*other, *thread, ZX_POL_NEW_VMO).value(), ZX_OK);
  EXPECT_EQ(other->state(), ProcessDispatcher::State::kInitial);
  CreateProcess(root_job_);
}

TEST_F(JobCallsTest, EveryCallThatMakesAnObjectAsksThePolicy) {
  const zx_handle_t job = CreateJob(root_job_);
  EXPECT_EQ(SetPolicy(job, ZX_POL_NEW_ANY, ZX_POL_ACTION_DENY), ZX_OK);
  process_ = *ProcessDispatcher::Create(ObjectOf<JobDispatcher>(job), NameOf("denied"));
  thread_ = *ThreadDispatcher::Create(process_, NameOf("t"));
  constexpr uint64_t kNowhere = 0;  // a pointer comes after the policy
  EXPECT_EQ(Call(Syscall::event_create, 0u, kNowhere), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::eventpair_create, 0u, kNowhere, kNowhere), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::channel_create, 0u, kNowhere, kNowhere), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::port_create, 0u, kNowhere), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::timer_create, 0u, ZX_CLOCK_MONOTONIC, kNowhere), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::pager_create, 0u, kNowhere), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::pager_create_vmo, 3u, 0u, 3u, 0, kPageSize, kNowhere), ZX_ERR_ACCESS_DENIED) << "as NEW_VMO";
  EXPECT_EQ(Call(Syscall::event_create, 1u, kNowhere), ZX_ERR_INVALID_ARGS) << "options come before it";
}

TEST_F(JobCallsTest, APolicyOfKillEndsTheOffender) {
  const zx_handle_t job = CreateJob(root_job_);
  EXPECT_EQ(SetPolicy(job, ZX_POL_BAD_HANDLE, ZX_POL_ACTION_KILL), ZX_OK);
  RefPtr<ProcessDispatcher> other = *ProcessDispatcher::Create(ObjectOf<JobDispatcher>(job), NameOf("other"));
  bool went_on = false;
  const RefPtr<ThreadDispatcher> thread = *ThreadDispatcher::Create(other, NameOf("t"));
  const VirtualAddress entry = user_.Add([&](UserRegisters&) {
    test::UserSyscall(Syscall::object_get_info, 3, ZX_INFO_HANDLE_VALID, 0, 0, 0, 0);
    went_on = true;
    test::UserSyscall(Syscall::handle_close, 3);
    went_on = false;
  });
  EXPECT_TRUE(thread->Start({.rip = entry, .stack = 0, .argument1 = 0, .argument2 = 0}).ok());
  RunUntilIdle();
  EXPECT_TRUE(went_on);
  EXPECT_EQ(other->return_code(), ZX_TASK_RETCODE_POLICY_KILL);
}

TEST_F(JobCallsTest, MappingsBothWritableAndExecutableAreUpToThePolicy) {
  const zx_handle_t job = CreateJob(root_job_);
  EXPECT_EQ(SetPolicy(job, ZX_POL_VMAR_WX, ZX_POL_ACTION_DENY), ZX_OK);
  const RefPtr<ProcessDispatcher> other = *ProcessDispatcher::Create(ObjectOf<JobDispatcher>(job), NameOf("other"));
  const RefPtr<VmarDispatcher> region = VmarDispatcher::Create(other->address_space().root_reference());
  const RefPtr<VmoDispatcher> object = VmoDispatcher::Create(*Vmo::Create(kPageSize, Resizability::kFixed));
  const zx_handle_t root = *other->handles().Add(Handle(region, VmarDispatcher::kRootRights));
  const zx_handle_t vmo = *other->handles().Add(Handle(object, ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE));
  constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
  constexpr zx_vm_option_t kAll = kReadWrite | ZX_VM_PERM_EXECUTE;
  const RefPtr<ThreadDispatcher> thread = *ThreadDispatcher::Create(other, NameOf("t"));
  const VirtualAddress memory = *region->vmar().Map({.vmo = *Vmo::Create(kPageSize, Resizability::kFixed),
                                                     .length = kPageSize,
                                                     .options = kReadWrite,
                                                     .vmo_rights = {.read = true, .write = true, .execute = true}});
  std::array<int64_t, 3> results{};
  const VirtualAddress entry = user_.Add([&](UserRegisters&) {
    results[0] = test::UserSyscall(Syscall::vmar_map, root, kReadWrite, 0, vmo, 0, kPageSize, memory);
    results[1] = test::UserSyscall(Syscall::vmar_map, root, kAll, 0, vmo, 0, kPageSize, memory);
    results[2] = test::UserSyscall(Syscall::vmar_protect, root, kAll, memory, kPageSize);
  });
  EXPECT_TRUE(thread->Start({.rip = entry, .stack = 0, .argument1 = 0, .argument2 = 0}).ok());
  RunUntilIdle();
  EXPECT_EQ(results, (std::array<int64_t, 3>{ZX_OK, ZX_ERR_ACCESS_DENIED, ZX_ERR_ACCESS_DENIED}));
}

TEST_F(JobCallsTest, ACriticalProcessTakesItsJobAlong) {
  const zx_handle_t job = CreateJob(root_job_);
  const zx_handle_t critical = CreateProcess(job);
  const zx_handle_t beside = CreateProcess(job);
  const zx_handle_t elsewhere = CreateJob(root_job_);
  EXPECT_EQ(Call(Syscall::job_set_critical, elsewhere, 0u, critical), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_set_critical, job, 2u, critical), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::job_set_critical, job, ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO, critical), ZX_OK);
  EXPECT_EQ(Call(Syscall::job_set_critical, job, 0u, critical), ZX_ERR_ALREADY_BOUND);
  EXPECT_EQ(Call(Syscall::task_kill, critical), ZX_OK);
  EXPECT_EQ(ObjectOf<ProcessDispatcher>(beside)->return_code(), ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL);
  EXPECT_EQ(ObjectOf<JobDispatcher>(job)->state(), JobDispatcher::State::kDead);
}

TEST_F(JobCallsTest, MembersAreListedAndFoundByKoid) {
  const zx_handle_t job = CreateJob(root_job_);
  const zx_handle_t inner = CreateJob(job);
  const zx_koid_t first = ObjectOf<ProcessDispatcher>(CreateProcess(job))->koid();
  const zx_koid_t second = ObjectOf<ProcessDispatcher>(CreateProcess(job))->koid();
  const VirtualAddress koids = Put(std::array<zx_koid_t, 1>{});
  const VirtualAddress counts = Put(std::array<uint64_t, 2>{});
  EXPECT_EQ(Call(Syscall::object_get_info, job, ZX_INFO_JOB_PROCESSES, koids, 8, counts, counts + 8), ZX_OK);
  EXPECT_EQ(Get<zx_koid_t>(koids), first);
  EXPECT_EQ((Get<std::array<uint64_t, 2>>(counts)), (std::array<uint64_t, 2>{1, 2}));
  EXPECT_EQ(Call(Syscall::object_get_info, job, ZX_INFO_JOB_CHILDREN, koids, 8, 0, 0), ZX_OK);
  EXPECT_EQ(Get<zx_koid_t>(koids), ObjectOf<JobDispatcher>(inner)->koid());

  EXPECT_EQ(Call(Syscall::object_get_child, job, second, ZX_RIGHT_SAME_RIGHTS, out_), ZX_OK);
  EXPECT_EQ(ObjectOf<ProcessDispatcher>(Get<zx_handle_t>(out_))->koid(), second);
  EXPECT_EQ(Call(Syscall::object_get_child, job, uint64_t{1}, ZX_RIGHT_SAME_RIGHTS, out_), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(Syscall::object_get_child, job, second, ZX_RIGHT_MAP, out_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_get_child, root_, second, ZX_RIGHT_SAME_RIGHTS, out_), ZX_ERR_ACCESS_DENIED)
      << "a region cannot be enumerated";
}

TEST_F(JobCallsTest, ManyMembersAreListedOnceEach) {
  const zx_handle_t job = CreateJob(root_job_);
  std::array<zx_koid_t, 70> expected{};
  for (zx_koid_t& koid : expected) {
    koid = ObjectOf<JobDispatcher>(CreateJob(job))->koid();
  }
  const VirtualAddress koids = Put(std::array<zx_koid_t, 70>{});
  const VirtualAddress available = Put(uint64_t{0});
  EXPECT_EQ(Call(Syscall::object_get_info, job, ZX_INFO_JOB_CHILDREN, koids, sizeof(expected), 0, available), ZX_OK);
  EXPECT_EQ((Get<std::array<zx_koid_t, 70>>(koids)), expected);
  EXPECT_EQ(Get<uint64_t>(available), 70u);
}

}  // namespace
}  // namespace gk
