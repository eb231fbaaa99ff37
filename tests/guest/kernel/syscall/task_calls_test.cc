#include "guest/kernel/object/signal_wait.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::RunUntilIdle;
using test::UserSyscall;

class TaskCallsTest : public test::SyscallTest {
 protected:
  TaskCallsTest() : self_(Add(process_, ZX_DEFAULT_PROCESS_RIGHTS)), out_(Put(zx_handle_t{0})) {}

  zx_handle_t CreateThread(const std::string& name = "worker") {
    EXPECT_EQ(Call(Syscall::thread_create, self_, PutText(name), name.size(), 0u, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  RefPtr<ThreadDispatcher> ThreadOf(zx_handle_t handle) {
    return *process_->handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_NONE);
  }
  // Made by the kernel itself, so that none of them runs before RunUntilIdle.
  void StartThread(std::function<void(UserRegisters&)> body) {
    const RefPtr<ThreadDispatcher> thread = *ThreadDispatcher::Create(process_, NameOf("worker"));
    const UserEntry entry{.rip = user_.Add(std::move(body)), .stack = 0x7000, .argument1 = 1, .argument2 = 2};
    EXPECT_TRUE(thread->Start(entry).ok());
  }
  void ExpectDead(int64_t return_code) {
    EXPECT_EQ(process_->state(), ProcessDispatcher::State::kDead);
    EXPECT_EQ(process_->return_code(), return_code);
    EXPECT_EQ(process_->signals(), ZX_PROCESS_TERMINATED);
    EXPECT_EQ(process_->handles().count(), 0u);
  }

  test::UserCode user_;
  zx_handle_t self_;
  VirtualAddress out_;
};

TEST_F(TaskCallsTest, CreateGivesAThreadThatDoesNotRunYet) {
  const zx_handle_t handle = CreateThread("a name that is longer than thirty-one bytes");
  EXPECT_EQ(RightsOf(handle), ZX_DEFAULT_THREAD_RIGHTS);
  const RefPtr<ThreadDispatcher> thread = ThreadOf(handle);
  EXPECT_STREQ(thread->name()->c_str(), "a name that is longer than thir");
  EXPECT_EQ(thread->state(), ThreadDispatcher::State::kNew);
  EXPECT_EQ(thread->signals(), ZX_SIGNAL_NONE);
}

TEST_F(TaskCallsTest, CreateChecksOptionsThenNameThenHandleThenRights) {
  const zx_handle_t weak = Without(self_, ZX_RIGHT_MANAGE_THREAD);
  EXPECT_EQ(Call(Syscall::thread_create, uint32_t{3}, kBadAddress, 1, 1u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::thread_create, uint32_t{3}, kBadAddress, 1, 0u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::thread_create, uint32_t{3}, kBadAddress, 0, 0u, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::thread_create, root_, kBadAddress, 0, 0u, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::thread_create, weak, kBadAddress, 0, 0u, out_), ZX_ERR_ACCESS_DENIED);
}

TEST_F(TaskCallsTest, CreateThatFailsLeavesNothing) {
  const uint32_t before = process_->handles().count();
  EXPECT_EQ(Call(Syscall::thread_create, self_, kBadAddress, 0, 0u, kBadAddress), ZX_ERR_INVALID_ARGS);
  for (uint64_t step = 1; step <= 2; ++step) {
    InThread([&] {
      torture::FailAllocation(step);
      EXPECT_EQ(CallHere(Syscall::thread_create, self_, kBadAddress, 0, 0u, out_), ZX_ERR_NO_MEMORY);
      torture::FailAllocation(0);
    });
  }
  EXPECT_EQ(process_->handles().count(), before);
}

TEST_F(TaskCallsTest, AStartedThreadBeginsAtItsEntryWithItsArguments) {
  UserRegisters seen{};
  zx_signals_t signals = 0;
  const zx_handle_t thread = CreateThread();
  const VirtualAddress entry = user_.Add([&](UserRegisters& registers) {
    seen = registers;
    signals = ThreadOf(thread)->signals();
  });
  // Two threads more, so that the process outlives the one under test.
  StartThread([](UserRegisters&) { UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE); });
  EXPECT_EQ(Call(Syscall::thread_start, thread, entry, 0x7654, 11, 22), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(seen.rip, entry);
  EXPECT_EQ(seen.rsp, 0x7654u);
  EXPECT_EQ(seen.rdi, 11u);
  EXPECT_EQ(seen.rsi, 22u);
  EXPECT_EQ(signals, ZX_THREAD_RUNNING);
  EXPECT_EQ(ThreadOf(thread)->signals(), ZX_THREAD_TERMINATED);
  EXPECT_EQ(Call(Syscall::thread_start, thread, entry, 0, 0, 0), ZX_ERR_BAD_STATE) << "once only";
}

TEST_F(TaskCallsTest, StartChecksHandleTypeRightsAndEntry) {
  StartThread([](UserRegisters&) { UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE); });
  const zx_handle_t thread = CreateThread();
  EXPECT_EQ(Call(Syscall::thread_start, uint32_t{3}, 0x400000, 0, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::thread_start, self_, 0x400000, 0, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::thread_start, Without(thread, ZX_RIGHT_MANAGE_THREAD), 0x400000, 0, 0, 0),
            ZX_ERR_ACCESS_DENIED);
  for (uint64_t entry : {uint64_t{0}, uint64_t{0x0000'8000'0000'0000}, uint64_t{0xffff'ffff'8000'0000}, UINT64_MAX}) {
    EXPECT_EQ(Call(Syscall::thread_start, thread, entry, 0, 0, 0), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(ThreadOf(thread)->state(), ThreadDispatcher::State::kNew);
}

TEST_F(TaskCallsTest, TheLastThreadsExitEndsTheProcessWithZero) {
  StartThread([](UserRegisters&) { UserSyscall(Syscall::thread_exit); });
  StartThread([](UserRegisters&) { UserSyscall(Syscall::nanosleep, 1000 + CurrentTime()); });
  RunUntilIdle();
  EXPECT_EQ(process_->state(), ProcessDispatcher::State::kRunning);
  fake_arch::AdvanceTime(1000);
  RunUntilIdle();
  ExpectDead(0);
}

TEST_F(TaskCallsTest, ProcessExitEndsThreadsThatAreBlockedReadyAndNotStarted) {
  int came_back = 0;
  const VirtualAddress futex = Put(int32_t{5});
  const zx_handle_t self = self_;
  StartThread([&](UserRegisters&) { came_back += UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE) + 1 != 0 ? 1 : 0; });
  StartThread([&](UserRegisters&) {
    UserSyscall(Syscall::futex_wait, futex, 5, 0, ZX_TIME_INFINITE);
    ++came_back;
  });
  StartThread([&, self](UserRegisters&) {
    UserSyscall(Syscall::object_wait_one, self, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, 0);
    ++came_back;
  });
  CreateThread("not started");
  StartThread([&](UserRegisters&) {
    UserSyscall(Syscall::process_exit, -42);
    ++came_back;
  });
  StartThread([&](UserRegisters&) { ++came_back; });  // ready, never gets to run
  RunUntilIdle();
  ExpectDead(-42);
  EXPECT_EQ(came_back, 0);
  thread_ = nullptr;
  EXPECT_EQ(process_->reference_count(), 1u) << "threads and handles have let go of it";
}

TEST_F(TaskCallsTest, TheFirstToEndTheProcessDecidesTheReturnCode) {
  StartThread([](UserRegisters&) { UserSyscall(Syscall::process_exit, 1); });
  StartThread([](UserRegisters&) { UserSyscall(Syscall::process_exit, 2); });
  RunUntilIdle();
  ExpectDead(1);
}

TEST_F(TaskCallsTest, AProcessOnItsWayOutTakesNoThreads) {
  const RefPtr<ThreadDispatcher> thread = ThreadOf(CreateThread());
  StartThread([](UserRegisters&) { UserSyscall(Syscall::process_exit, 0); });
  RunUntilIdle();
  EXPECT_EQ(StatusOf(thread->Start({.rip = 0x400000, .stack = 0, .argument1 = 0, .argument2 = 0})).value(),
            ZX_ERR_BAD_STATE);
  EXPECT_EQ(thread->state(), ThreadDispatcher::State::kNew);
}

TEST_F(TaskCallsTest, WhoWaitsForTheEndOfAProcessIsWoken) {
  WaitTarget target(process_, HandleKey(), ZX_PROCESS_TERMINATED);
  Status result(ZX_ERR_INTERNAL);
  fake_arch::StartThread([&] { result = WaitForAny({&target, 1}, ZX_TIME_INFINITE, BlockReason::kWaitOne); });
  StartThread([](UserRegisters&) { UserSyscall(Syscall::process_exit, 3); });
  RunUntilIdle();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(target.observed(), ZX_PROCESS_TERMINATED);
}

TEST_F(TaskCallsTest, AnUnhandledFaultKillsTheProcessWithOneReport) {
  constexpr UserException kFault{
      .vector = 14, .error_code = 6, .fault_address = 0x10, .fault_status = ZX_ERR_NOT_FOUND};
  int came_back = 0;
  for (int i = 0; i < 2; ++i) {
    StartThread([&](UserRegisters& registers) {
      registers.rip = 0x400123;
      test::RaiseUserException(kFault);
      ++came_back;
    });
  }
  RunUntilIdle();
  ExpectDead(ZX_TASK_RETCODE_EXCEPTION_KILL);
  EXPECT_EQ(came_back, 0);
  EXPECT_EQ(platform_.console.substr(0, platform_.console.find('\n')),
            "pagoda: program 'caller' thread 'worker': page fault: write to 0x10 at rip 0x400123 (no mapping there)");
  EXPECT_EQ(platform_.console_writes, 1);
  ASSERT_EQ(platform_.faults.size(), 1u);
  const abi::FaultReport& fault = platform_.faults[0];
  EXPECT_EQ(fault.registers.rip, 0x400123u);
  EXPECT_EQ(fault.fault_address, 0x10u);
  EXPECT_EQ(fault.vector, 14u);
  EXPECT_EQ(fault.error_code, 6u);
  EXPECT_EQ(fault.fault_status, ZX_ERR_NOT_FOUND);
  EXPECT_STREQ(fault.process_name, "caller");
  EXPECT_STREQ(fault.thread_name, "worker");
  EXPECT_EQ(fault.process_koid, process_->koid());
  EXPECT_EQ(fault.page_table_root, process_->address_space().page_table_root());
  EXPECT_EQ(fault.code_size, 0u) << "nothing is mapped at rip";
}

TEST_F(TaskCallsTest, AFaultInMappedCodeNamesTheObjectAndWhereItIsMapped) {
  const RefPtr<Vmo> code = *Vmo::Create(2 * kPageSize, Resizability::kFixed);
  code->set_name(ObjectName(std::span("program")));
  MapRequest request{.vmo = code, .vmo_offset = kPageSize, .length = kPageSize};
  request.options = ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE | ZX_VM_MAP_RANGE;
  request.vmo_rights = {.read = true, .write = false, .execute = true};
  const VirtualAddress base = *process_->address_space().root().Map(request);
  StartThread([base](UserRegisters& registers) {
    registers.rip = base + 0x12;
    test::RaiseUserException({.vector = 6, .error_code = 0, .fault_address = 0, .fault_status = 0});
  });
  RunUntilIdle();
  ASSERT_EQ(platform_.faults.size(), 1u);
  EXPECT_EQ(platform_.faults[0].code_base, base);
  EXPECT_EQ(platform_.faults[0].code_size, kPageSize);
  EXPECT_EQ(platform_.faults[0].code_vmo_offset, kPageSize);
  EXPECT_STREQ(platform_.faults[0].code_vmo_name, "program");
}

TEST_F(TaskCallsTest, ASystemCallFromOutsideTheVdsoEndsTheProcess) {
  StartThread([](UserRegisters&) { Thread::Current()->owner()->OnForeignSyscall(); });
  RunUntilIdle();
  EXPECT_EQ(process_->state(), ProcessDispatcher::State::kDead);
  EXPECT_EQ(process_->return_code(), ZX_TASK_RETCODE_VDSO_KILL);
}

TEST_F(TaskCallsTest, OnlyUndefinedInstructionsOfTheVdsoAreSystemCalls) {
  constexpr uint64_t kCodeSize = abi::kVdsoCodePages * kPageSize;
  const RefPtr<Vmo> vdso = *Vmo::Create(abi::kVdsoCodeOffset + kCodeSize, Resizability::kFixed);
  const auto map = [&](zx_vm_option_t options) {
    MapRequest request{.vmo = vdso, .length = vdso->size()};
    request.options = options;
    request.vmo_rights = {.read = true, .write = false, .execute = true};
    return *process_->address_space().root().Map(request);
  };
  const VirtualAddress base = map(ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE);
  const VirtualAddress code = base + abi::kVdsoCodeOffset;
  EXPECT_FALSE(thread_->IsSyscallInstruction(code)) << "before there is a vDSO";
  process_->SetVdso(vdso);
  EXPECT_FALSE(thread_->IsSyscallInstruction(0));
  EXPECT_FALSE(thread_->IsSyscallInstruction(user_memory_)) << "another VMO";
  EXPECT_FALSE(thread_->IsSyscallInstruction(map(ZX_VM_PERM_READ) + kPageSize)) << "not executable";
  EXPECT_FALSE(thread_->IsSyscallInstruction(base)) << "its data";
  EXPECT_TRUE(thread_->IsSyscallInstruction(code));
  EXPECT_TRUE(thread_->IsSyscallInstruction(code + kCodeSize - 1));
  EXPECT_FALSE(thread_->IsSyscallInstruction(code + kCodeSize));
  EXPECT_FALSE(thread_->IsSyscallInstruction(code - 1));
}

TEST_F(TaskCallsTest, AProcessThatNeverRanEndsWithItsLastHandle) {
  RefPtr<ProcessDispatcher> other = *ProcessDispatcher::Create(NameOf("other"));
  const zx_handle_t handle = Add(other, ZX_DEFAULT_PROCESS_RIGHTS);
  const zx_handle_t in_its_own_table = *other->handles().Add(Handle(process_, ZX_RIGHT_NONE));
  EXPECT_NE(in_its_own_table, ZX_HANDLE_INVALID);
  EXPECT_EQ(Call(Syscall::handle_close, handle), ZX_OK);
  EXPECT_EQ(other->state(), ProcessDispatcher::State::kDead);
  EXPECT_EQ(other->handles().count(), 0u);
}

}  // namespace
}  // namespace gk
