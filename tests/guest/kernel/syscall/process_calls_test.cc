#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/object.h>

#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::RunUntilIdle;
using test::UserSyscall;

class ProcessCallsTest : public test::SyscallTest {
 protected:
  ProcessCallsTest()
      : root_job_(Add(process_->job_reference(), ZX_DEFAULT_JOB_RIGHTS)),
        out_(Put(zx_handle_t{0})),
        out2_(Put(zx_handle_t{0})) {
    EXPECT_EQ(Call(Syscall::process_create, root_job_, PutText("child"), 5, 0u, out_, out2_), ZX_OK);
    child_ = Get<zx_handle_t>(out_);
    child_root_ = Get<zx_handle_t>(out2_);
    EXPECT_EQ(Call(Syscall::thread_create, child_, PutText("main"), 4, 0u, out_), ZX_OK);
    child_thread_ = Get<zx_handle_t>(out_);
  }

  template <typename T>
  RefPtr<T> ObjectOf(zx_handle_t handle) {
    return *process_->handles().Get<T>(handle, ZX_RIGHT_NONE);
  }
  zx_signals_t SignalsOf(zx_handle_t handle) { return (*process_->handles().GetAny(handle, ZX_RIGHT_NONE))->signals(); }
  zx_thread_state_t StateOf(zx_handle_t thread) { return ObjectOf<ThreadDispatcher>(thread)->InfoState(); }
  VirtualAddress Code(std::function<void(UserRegisters&)> body) { return user_.Add(std::move(body)); }
  VirtualAddress Sleeper() {
    return Code([](UserRegisters&) { UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE); });
  }
  void StartChild(VirtualAddress entry) {
    EXPECT_EQ(Call(Syscall::process_start, child_, child_thread_, entry, 0x7000, ZX_HANDLE_INVALID, 5), ZX_OK);
  }
  zx_handle_t Suspend(zx_handle_t task) {
    EXPECT_EQ(Call(Syscall::task_suspend, task, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }

  test::UserCode user_;
  zx_handle_t root_job_;
  VirtualAddress out_, out2_;
  zx_handle_t child_ = 0, child_root_ = 0, child_thread_ = 0;
};

TEST_F(ProcessCallsTest, CreateGivesAnEmptyProcessAndItsRootRegion) {
  EXPECT_EQ(RightsOf(child_), ZX_DEFAULT_PROCESS_RIGHTS);
  EXPECT_EQ(RightsOf(child_root_), VmarDispatcher::kRootRights);
  const RefPtr<ProcessDispatcher> process = ObjectOf<ProcessDispatcher>(child_);
  EXPECT_STREQ(process->name()->c_str(), "child");
  EXPECT_EQ(&ObjectOf<VmarDispatcher>(child_root_)->vmar(), &process->address_space().root());
  EXPECT_EQ(process->handles().count(), 0u);
}

TEST_F(ProcessCallsTest, CreateChecksOptionsNameJobAndRights) {
  EXPECT_EQ(Call(Syscall::process_create, root_job_, kBadAddress, 1, 2u, out_, out2_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::process_create, uint32_t{3}, kBadAddress, 1, 0u, out_, out2_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::process_create, uint32_t{3}, 0, 0, 0u, out_, out2_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::process_create, child_, 0, 0, 0u, out_, out2_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::process_create, Without(root_job_, ZX_RIGHT_MANAGE_PROCESS), 0, 0, 0u, out_, out2_),
            ZX_ERR_ACCESS_DENIED);
}

TEST_F(ProcessCallsTest, CreateThatCannotTellBothHandlesGivesNone) {
  const uint32_t before = process_->handles().count();
  EXPECT_EQ(Call(Syscall::process_create, root_job_, 0, 0, 0u, out_, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::process_create, root_job_, 0, 0, 0u, kBadAddress, out2_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), before);
}

TEST_F(ProcessCallsTest, StartMovesTheHandleAndBeginsAtTheEntry) {
  UserRegisters seen{};
  const zx_handle_t argument = Add(MakeRefCounted<test::FakeEvent>(), ZX_DEFAULT_EVENT_RIGHTS);
  const RefPtr<Dispatcher> object = process_->handles().Find(argument)->object();
  zx_rights_t rights_there = 0;
  const RefPtr<ProcessDispatcher> child = ObjectOf<ProcessDispatcher>(child_);
  const VirtualAddress entry = Code([&](UserRegisters& registers) {
    seen = registers;
    const Handle* found = child->handles().Find(static_cast<zx_handle_t>(registers.rdi));
    rights_there = found != nullptr && found->object() == object ? found->rights() : 0;
  });
  EXPECT_EQ(Call(Syscall::process_start, child_, child_thread_, entry, 0x7000, argument, 5), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(process_->handles().Find(argument), nullptr);
  EXPECT_EQ(rights_there, ZX_DEFAULT_EVENT_RIGHTS);
  EXPECT_EQ(seen.rsp, 0x7000u);
  EXPECT_EQ(seen.rsi, 5u);
  EXPECT_EQ(SignalsOf(child_), ZX_PROCESS_TERMINATED) << "its only thread has ended";
  EXPECT_EQ(Call(Syscall::process_start, child_, child_thread_, entry, 0, ZX_HANDLE_INVALID, 0), ZX_ERR_BAD_STATE);
}

TEST_F(ProcessCallsTest, StartChecksAndConsumesItsHandle) {
  const auto start = [&](zx_handle_t process, zx_handle_t thread, uint64_t entry, zx_rights_t missing) {
    const zx_handle_t argument = Add(MakeRefCounted<test::FakeEvent>(), ZX_DEFAULT_EVENT_RIGHTS & ~missing);
    const int64_t status = Call(Syscall::process_start, process, thread, entry, 0, argument, 0);
    EXPECT_EQ(process_->handles().Find(argument), nullptr);
    return status;
  };
  const zx_handle_t mine = Add(thread_, ZX_DEFAULT_THREAD_RIGHTS);
  EXPECT_EQ(start(3, child_thread_, 0x400000, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(start(child_thread_, child_thread_, 0x400000, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(start(Without(child_, ZX_RIGHT_WRITE), child_thread_, 0x400000, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(start(child_, Without(child_thread_, ZX_RIGHT_WRITE), 0x400000, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(start(child_, mine, 0x400000, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(start(child_, child_thread_, 0x400000, ZX_RIGHT_TRANSFER), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(start(child_, child_thread_, UINT64_MAX, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::process_start, child_, child_thread_, 0x400000, 0, uint32_t{3}, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(ObjectOf<ProcessDispatcher>(child_)->state(), ProcessDispatcher::State::kInitial);
}

TEST_F(ProcessCallsTest, ThreadsOfAProcessThatWasNotStartedCannotBeStarted) {
  EXPECT_EQ(Call(Syscall::thread_start, child_thread_, 0x400000, 0, 0, 0), ZX_ERR_BAD_STATE);
}

TEST_F(ProcessCallsTest, ThreadsCanBeAddedToARunningProcessAndKilledOneByOne) {
  StartChild(Sleeper());
  EXPECT_EQ(Call(Syscall::thread_create, child_, 0, 0, 0u, out_), ZX_OK);
  const zx_handle_t second = Get<zx_handle_t>(out_);
  EXPECT_EQ(Call(Syscall::thread_start, second, Sleeper(), 0, 0, 0), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(StateOf(second), ZX_THREAD_STATE_BLOCKED_SLEEPING);
  const VirtualAddress count = Put(uint64_t{0});
  EXPECT_EQ(Call(Syscall::object_get_info, child_, ZX_INFO_PROCESS_THREADS, 0, 0, 0, count), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(count), 2u);
  EXPECT_EQ(Call(Syscall::task_kill, second), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(second), ZX_THREAD_TERMINATED);
  EXPECT_EQ(StateOf(second), ZX_THREAD_STATE_DEAD);
  EXPECT_EQ(SignalsOf(child_), 0u);
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(child_thread_), ZX_THREAD_TERMINATED);
  EXPECT_EQ(ObjectOf<ProcessDispatcher>(child_)->return_code(), ZX_TASK_RETCODE_SYSCALL_KILL);
}

TEST_F(ProcessCallsTest, KillChecksTypeThenRight) {
  EXPECT_EQ(Call(Syscall::task_kill, uint32_t{3}), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::task_kill, root_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::task_kill, Without(child_, ZX_RIGHT_DESTROY)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(SignalsOf(child_), 0u);
}

TEST_F(ProcessCallsTest, ProcessInfoFollowsItsLife) {
  const VirtualAddress info = Put(zx_info_process_t{});
  const auto get = [&] {
    EXPECT_EQ(Call(Syscall::object_get_info, child_, ZX_INFO_PROCESS, info, sizeof(zx_info_process_t), 0, 0), ZX_OK);
    return Get<zx_info_process_t>(info);
  };
  EXPECT_EQ(get().flags, 0u);
  StartChild(Code([](UserRegisters&) { UserSyscall(Syscall::process_exit, 42); }));
  EXPECT_GT(get().start_time, 0);
  RunUntilIdle();
  EXPECT_EQ(get().flags, ZX_INFO_PROCESS_FLAG_STARTED | ZX_INFO_PROCESS_FLAG_EXITED);
  EXPECT_EQ(get().return_code, 42);
  EXPECT_EQ(Call(Syscall::object_get_info, child_, ZX_INFO_PROCESS, info, 23, 0, 0), ZX_ERR_BUFFER_TOO_SMALL);
}

TEST_F(ProcessCallsTest, HandleStatsCountByType) {
  const VirtualAddress stats = Put(zx_info_process_handle_stats_t{});
  const zx_handle_t self = Add(process_, ZX_DEFAULT_PROCESS_RIGHTS);
  EXPECT_EQ(Call(Syscall::object_get_info, self, ZX_INFO_PROCESS_HANDLE_STATS, stats,
                 sizeof(zx_info_process_handle_stats_t), 0, 0),
            ZX_OK);
  const auto counted = Get<zx_info_process_handle_stats_t>(stats);
  EXPECT_EQ(counted.handle_count[ZX_OBJ_TYPE_PROCESS], 2u);
  EXPECT_EQ(counted.handle_count[ZX_OBJ_TYPE_VMAR], 2u);
  EXPECT_EQ(counted.handle_count[ZX_OBJ_TYPE_THREAD], 1u);
  EXPECT_EQ(counted.handle_count[ZX_OBJ_TYPE_VMO], 0u);
}

TEST_F(ProcessCallsTest, TaskStatsTellPrivateFromSharedMemory) {
  const VirtualAddress stats = Put(zx_info_task_stats_t{});
  const auto get = [&] {
    EXPECT_EQ(Call(Syscall::object_get_info, child_, ZX_INFO_TASK_STATS, stats, sizeof(zx_info_task_stats_t), 0, 0),
              ZX_OK);
    return Get<zx_info_task_stats_t>(stats);
  };
  EXPECT_EQ(get().mem_mapped_bytes, 0u);
  const zx_handle_t vmo = CreateVmo(4 * kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_write, vmo, user_memory_, kPageSize, 1), ZX_OK);
  const VirtualAddress address = Put(uint64_t{0});
  const auto map = [&](zx_handle_t root) {
    EXPECT_EQ(Call(Syscall::vmar_map, root, ZX_VM_PERM_READ, 0, vmo, 0, 4 * kPageSize, address), ZX_OK);
  };
  map(child_root_);
  EXPECT_EQ(get().mem_mapped_bytes, 4 * kPageSize);
  EXPECT_EQ(get().mem_private_bytes, kPageSize);
  EXPECT_EQ(get().mem_shared_bytes, 0u);
  map(root_);
  EXPECT_EQ(get().mem_private_bytes, 0u);
  EXPECT_EQ(get().mem_shared_bytes, kPageSize);
  EXPECT_EQ(get().mem_scaled_shared_bytes, kPageSize / 2);
  map(root_);
  EXPECT_EQ(get().mem_scaled_shared_bytes, kPageSize / 2) << "one more mapping there makes it no cheaper here";
  map(child_root_);
  EXPECT_EQ(get().mem_shared_bytes, 2 * kPageSize);
  EXPECT_EQ(get().mem_scaled_shared_bytes, kPageSize);
  EXPECT_EQ(get().mem_private_bytes, 0u);
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
  EXPECT_EQ(Call(Syscall::object_get_info, child_, ZX_INFO_TASK_STATS, stats, sizeof(zx_info_task_stats_t), 0, 0),
            ZX_ERR_BAD_STATE);
}

// ---- Suspension

TEST_F(ProcessCallsTest, ASuspendedThreadStandsStillUntilTheTokenIsClosed) {
  int laps = 0;
  StartChild(Code([&](UserRegisters&) {
    for (;;) {
      ++laps;
      UserSyscall(Syscall::nanosleep, CurrentTime() + 100);
    }
  }));
  RunUntilIdle();
  const zx_handle_t token = Suspend(child_thread_);
  EXPECT_EQ(RightsOf(token), ZX_DEFAULT_SUSPEND_TOKEN_RIGHTS);
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(child_thread_), ZX_THREAD_SUSPENDED);
  EXPECT_EQ(StateOf(child_thread_), ZX_THREAD_STATE_SUSPENDED);
  const int before = laps;
  fake_arch::AdvanceTime(1000);
  RunUntilIdle();
  EXPECT_EQ(laps, before);
  EXPECT_EQ(Call(Syscall::handle_close, token), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(child_thread_), ZX_THREAD_RUNNING);
  EXPECT_GT(laps, before);
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
}

TEST_F(ProcessCallsTest, AnInterruptedWaitGoesOnAsIfNothingHadHappened) {
  int64_t result = 1;
  const zx_time_t deadline = CurrentTime() + 500;
  StartChild(Code([&](UserRegisters&) {
    result = UserSyscall(Syscall::nanosleep, deadline);
    UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE);
  }));
  RunUntilIdle();
  const zx_handle_t token = Suspend(child_thread_);
  RunUntilIdle();
  EXPECT_EQ(Call(Syscall::handle_close, token), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result, 1) << "it sleeps again";
  EXPECT_EQ(StateOf(child_thread_), ZX_THREAD_STATE_BLOCKED_SLEEPING);
  fake_arch::AdvanceTime(1000);
  RunUntilIdle();
  EXPECT_EQ(result, ZX_OK);
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
}

TEST_F(ProcessCallsTest, SuspensionsOfThreadAndProcessAddUp) {
  bool ran = false;
  const zx_handle_t first = Suspend(child_thread_);
  const zx_handle_t second = Suspend(child_);
  StartChild(Code([&](UserRegisters&) { ran = true; }));
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(child_thread_), ZX_THREAD_SUSPENDED) << "it begins suspended";
  EXPECT_EQ(Call(Syscall::handle_close, first), ZX_OK);
  RunUntilIdle();
  EXPECT_FALSE(ran);
  EXPECT_EQ(Call(Syscall::handle_close, second), ZX_OK);
  RunUntilIdle();
  EXPECT_TRUE(ran);
}

TEST_F(ProcessCallsTest, ASuspendedThreadCanBeKilled) {
  StartChild(Sleeper());
  RunUntilIdle();
  const zx_handle_t token = Suspend(child_);
  RunUntilIdle();
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(SignalsOf(child_thread_), ZX_THREAD_TERMINATED);
  EXPECT_EQ(SignalsOf(child_), ZX_PROCESS_TERMINATED);
  EXPECT_EQ(Call(Syscall::task_suspend, child_, out_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::task_suspend, child_thread_, out_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::handle_close, token), ZX_OK);
}

TEST_F(ProcessCallsTest, SuspendChecksHandleRightTypeAndThatItIsNotTheCaller) {
  EXPECT_EQ(Call(Syscall::task_suspend, uint32_t{3}, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::task_suspend, Without(child_, ZX_RIGHT_WRITE), out_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::task_suspend, root_job_, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::task_suspend, Add(process_, ZX_RIGHT_WRITE), out_), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::task_suspend, Add(thread_, ZX_RIGHT_WRITE), out_), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::task_suspend, child_, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(ObjectOf<ProcessDispatcher>(child_)->suspend_wanted()) << "a token that nobody has holds nothing";
}

TEST_F(ProcessCallsTest, RegistersOfAStoppedThreadCanBeReadAndWritten) {
  const VirtualAddress buffer = Put(zx_thread_state_general_regs_t{});
  constexpr size_t kSize = sizeof(zx_thread_state_general_regs_t);
  constexpr uint32_t kGeneral = ZX_THREAD_STATE_GENERAL_REGS;
  const zx_handle_t token = Suspend(child_thread_);
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, kGeneral, buffer, kSize), ZX_ERR_BAD_STATE)
      << "not started";
  uint64_t rbx = 0;
  const VirtualAddress entry = Code([](UserRegisters&) { FAIL() << "started elsewhere"; });
  const VirtualAddress elsewhere = Code([&](UserRegisters& registers) { rbx = registers.rbx; });
  StartChild(entry);
  RunUntilIdle();
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, kGeneral, buffer, kSize), ZX_OK);
  auto registers = Get<zx_thread_state_general_regs_t>(buffer);
  EXPECT_EQ(registers.rip, entry);
  EXPECT_EQ(registers.rsp, 0x7000u);
  EXPECT_EQ(registers.rflags, arch::kInitialUserFlags);
  registers.rip = elsewhere;
  registers.rbx = 77;
  registers.rflags = 0x3000;  // the I/O privilege level is not for programs
  Store(buffer, &registers, kSize);
  EXPECT_EQ(Call(Syscall::thread_write_state, child_thread_, kGeneral, buffer, kSize), ZX_OK);
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, kGeneral, buffer, kSize), ZX_OK);
  EXPECT_EQ(Get<zx_thread_state_general_regs_t>(buffer).rflags, arch::kInitialUserFlags);
  EXPECT_EQ(Call(Syscall::handle_close, token), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(rbx, 77u);
}

TEST_F(ProcessCallsTest, StateCallsCheckHandleRightKindSizeAndValues) {
  const VirtualAddress buffer = Put(zx_thread_state_general_regs_t{});
  constexpr size_t kSize = sizeof(zx_thread_state_general_regs_t);
  constexpr uint32_t kGeneral = ZX_THREAD_STATE_GENERAL_REGS;
  StartChild(Sleeper());
  RunUntilIdle();
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, kGeneral, buffer, kSize), ZX_ERR_BAD_STATE) << "it runs";
  EXPECT_EQ(Call(Syscall::thread_read_state, child_, kGeneral, buffer, kSize), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::thread_read_state, Without(child_thread_, ZX_RIGHT_READ), kGeneral, buffer, kSize),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::thread_write_state, Without(child_thread_, ZX_RIGHT_WRITE), kGeneral, buffer, kSize),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, 99u, buffer, kSize), ZX_ERR_NOT_SUPPORTED);
  Suspend(child_thread_);
  RunUntilIdle();
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, kGeneral, buffer, kSize - 1), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Call(Syscall::thread_read_state, child_thread_, kGeneral, kBadAddress, kSize), ZX_ERR_INVALID_ARGS);
  zx_thread_state_general_regs_t bad{};
  bad.rip = 0x8000'0000'0000;
  Store(buffer, &bad, kSize);
  EXPECT_EQ(Call(Syscall::thread_write_state, child_thread_, kGeneral, buffer, kSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
}

}  // namespace
}  // namespace gk
