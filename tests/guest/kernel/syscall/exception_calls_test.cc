#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/exception.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/policy.h>

#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/job_dispatcher.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::RunUntilIdle;
using test::UserSyscall;

constexpr UserException kFault{.vector = 14, .error_code = 6, .fault_address = 0x10, .fault_status = ZX_ERR_NOT_FOUND};
constexpr uint32_t kDebugger = ZX_EXCEPTION_CHANNEL_DEBUGGER;

// The caller handles the exceptions of a child process whose only thread faults, and then sleeps if it may go on.
class ExceptionCallsTest : public test::SyscallTest {
 protected:
  ExceptionCallsTest()
      : out_(Put(zx_handle_t{0})), job_(AddObject(*JobDispatcher::CreateChild(process_->job_reference()))) {
    child_object_ = *ProcessDispatcher::Create(ObjectOf<JobDispatcher>(job_), NameOf("child"));
    child_ = AddObject(child_object_);
    thread_object_ = *ThreadDispatcher::Create(child_object_, NameOf("main"));
    child_thread_ = AddObject(thread_object_);
  }
  ~ExceptionCallsTest() override { child_object_->Kill(0); }

  zx_handle_t AddObject(RefPtr<Dispatcher> object) { return Add(std::move(object), ZX_DEFAULT_JOB_RIGHTS); }
  template <typename T>
  RefPtr<T> ObjectOf(zx_handle_t handle) {
    return *process_->handles().Get<T>(handle, ZX_RIGHT_NONE);
  }
  void Start(std::function<void(UserRegisters&)> body) {
    const UserEntry entry{.rip = user_.Add(std::move(body)), .stack = 0x7000, .argument1 = 0, .argument2 = 0};
    EXPECT_TRUE(thread_object_->Start(entry).ok());
    RunUntilIdle();
  }
  void StartFaulting() {
    Start([this](UserRegisters& registers) {
      registers.rip = 0x400123;
      test::RaiseUserException(kFault);
      went_on_at_ = registers.rip;
      UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE);
    });
  }
  int64_t CreateChannel(zx_handle_t task, uint32_t options = 0) {
    return Call(Syscall::task_create_exception_channel, task, options, out_);
  }
  zx_handle_t Channel(zx_handle_t task, uint32_t options = 0) {
    EXPECT_EQ(CreateChannel(task, options), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  // The exception that a handler finds in its channel; invalid: none.
  zx_handle_t Receive(zx_handle_t channel) {
    const VirtualAddress info = Put(zx_exception_info_t{});
    const VirtualAddress handle = Put(zx_handle_t{0});
    const int64_t status =
        Call(Syscall::channel_read, channel, 0u, info, handle, uint32_t{sizeof(zx_exception_info_t)}, 1u, 0, 0);
    if (status != ZX_OK) {
      EXPECT_EQ(status, ZX_ERR_SHOULD_WAIT);
      return ZX_HANDLE_INVALID;
    }
    info_ = Get<zx_exception_info_t>(info);
    return Get<zx_handle_t>(handle);
  }
  void Answer(zx_handle_t exception, uint32_t state) {
    EXPECT_EQ(Call(Syscall::object_set_property, exception, ZX_PROP_EXCEPTION_STATE, Put(state), 4), ZX_OK);
    EXPECT_EQ(Call(Syscall::handle_close, exception), ZX_OK);
    RunUntilIdle();
  }
  bool ChildIsOver() { return child_object_->state() == ProcessDispatcher::State::kDead; }

  test::UserCode user_;
  VirtualAddress out_;
  zx_handle_t job_;
  RefPtr<ProcessDispatcher> child_object_;
  RefPtr<ThreadDispatcher> thread_object_;
  zx_handle_t child_ = 0, child_thread_ = 0;
  zx_exception_info_t info_{};
  VirtualAddress went_on_at_ = 0;
};

TEST_F(ExceptionCallsTest, AThreadWaitsInItsFaultUntilTheHandlerAnswers) {
  const zx_handle_t channel = Channel(child_thread_);
  EXPECT_EQ(RightsOf(channel), ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_READ);
  StartFaulting();
  const zx_handle_t exception = Receive(channel);
  EXPECT_EQ(RightsOf(exception), ZX_DEFAULT_EXCEPTION_RIGHTS);
  EXPECT_EQ(info_.pid, child_object_->koid());
  EXPECT_EQ(info_.tid, thread_object_->koid());
  EXPECT_EQ(info_.type, ZX_EXCP_FATAL_PAGE_FAULT);
  EXPECT_EQ(thread_object_->InfoState(), ZX_THREAD_STATE_BLOCKED_EXCEPTION);
  EXPECT_EQ(went_on_at_, 0u);
  Answer(exception, ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(went_on_at_, 0x400123u);
  EXPECT_EQ(platform_.console, "");
}

TEST_F(ExceptionCallsTest, TheReportSaysWhatHappenedAndOnlyWhileItHappens) {
  const VirtualAddress report = Put(zx_exception_report_t{});
  constexpr size_t kSize = sizeof(zx_exception_report_t);
  const zx_handle_t channel = Channel(child_);
  StartFaulting();
  const zx_handle_t exception = Receive(channel);
  EXPECT_EQ(Call(Syscall::object_get_info, child_thread_, ZX_INFO_THREAD_EXCEPTION_REPORT, report, kSize, 0, 0), ZX_OK);
  const auto seen = Get<zx_exception_report_t>(report);
  EXPECT_EQ(seen.header.size, kSize);
  EXPECT_EQ(seen.header.type, ZX_EXCP_FATAL_PAGE_FAULT);
  EXPECT_EQ(seen.context.arch.x86_64.vector, 14u);
  EXPECT_EQ(seen.context.arch.x86_64.err_code, 6u);
  EXPECT_EQ(seen.context.arch.x86_64.cr2, 0x10u);
  EXPECT_EQ(static_cast<zx_status_t>(seen.context.synth_code), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(Syscall::object_get_info, child_thread_, ZX_INFO_THREAD_EXCEPTION_REPORT_V1, report, 32, 0, 0), ZX_OK);
  const VirtualAddress thread_info = Put(zx_info_thread_t{});
  EXPECT_EQ(Call(Syscall::object_get_info, child_thread_, ZX_INFO_THREAD, thread_info, sizeof(zx_info_thread_t), 0, 0),
            ZX_OK);
  EXPECT_EQ(Get<zx_info_thread_t>(thread_info).wait_exception_channel_type, ZX_EXCEPTION_CHANNEL_TYPE_PROCESS);
  Answer(exception, ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(Call(Syscall::object_get_info, child_thread_, ZX_INFO_THREAD_EXCEPTION_REPORT, report, kSize, 0, 0),
            ZX_ERR_BAD_STATE);
}

TEST_F(ExceptionCallsTest, AHandlerCanMoveTheThreadOn) {
  const VirtualAddress buffer = Put(zx_thread_state_general_regs_t{});
  constexpr size_t kSize = sizeof(zx_thread_state_general_regs_t);
  const zx_handle_t channel = Channel(child_thread_);
  StartFaulting();
  const zx_handle_t exception = Receive(channel);
  EXPECT_EQ(Call(Syscall::exception_get_thread, exception, out_), ZX_OK);
  const zx_handle_t thread = Get<zx_handle_t>(out_);
  EXPECT_EQ(Call(Syscall::thread_read_state, thread, ZX_THREAD_STATE_GENERAL_REGS, buffer, kSize), ZX_OK);
  auto registers = Get<zx_thread_state_general_regs_t>(buffer);
  EXPECT_EQ(registers.rip, 0x400123u);
  registers.rip += 2;
  Store(buffer, &registers, kSize);
  EXPECT_EQ(Call(Syscall::thread_write_state, thread, ZX_THREAD_STATE_GENERAL_REGS, buffer, kSize), ZX_OK);
  Answer(exception, ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(went_on_at_, 0x400125u);
  EXPECT_EQ(Call(Syscall::thread_read_state, thread, ZX_THREAD_STATE_GENERAL_REGS, buffer, kSize), ZX_ERR_BAD_STATE);
}

TEST_F(ExceptionCallsTest, HandlersAreAskedInTheirOrderAndTheLastLosesTheProcess) {
  const zx_handle_t root_job = AddObject(process_->job_reference());
  const zx_handle_t channels[] = {Channel(child_, kDebugger), Channel(child_thread_), Channel(child_), Channel(job_),
                                  Channel(root_job)};
  StartFaulting();
  Answer(Receive(channels[0]), ZX_EXCEPTION_STATE_HANDLED);  // that the thread starts
  for (const zx_handle_t channel : channels) {
    for (const zx_handle_t other : channels) {
      if (other != channel) {
        EXPECT_EQ(Receive(other), ZX_HANDLE_INVALID);
      }
    }
    EXPECT_FALSE(ChildIsOver());
    Answer(Receive(channel), ZX_EXCEPTION_STATE_TRY_NEXT);
  }
  EXPECT_TRUE(ChildIsOver());
  EXPECT_EQ(child_object_->return_code(), ZX_TASK_RETCODE_EXCEPTION_KILL);
  EXPECT_NE(platform_.console.find("page fault: write to 0x10"), std::string::npos);
}

TEST_F(ExceptionCallsTest, ADebuggerCanAskForASecondChance) {
  const zx_handle_t debugger = Channel(child_, kDebugger);
  const zx_handle_t process = Channel(child_);
  StartFaulting();
  Answer(Receive(debugger), ZX_EXCEPTION_STATE_HANDLED);  // that the thread starts
  const zx_handle_t first = Receive(debugger);
  const VirtualAddress strategy = Put(ZX_EXCEPTION_STRATEGY_SECOND_CHANCE);
  EXPECT_EQ(Call(Syscall::object_set_property, first, ZX_PROP_EXCEPTION_STRATEGY, strategy, 4), ZX_OK);
  Answer(first, ZX_EXCEPTION_STATE_TRY_NEXT);
  const zx_handle_t middle = Receive(process);
  EXPECT_EQ(Call(Syscall::object_set_property, middle, ZX_PROP_EXCEPTION_STRATEGY, strategy, 4), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::object_get_property, middle, ZX_PROP_EXCEPTION_STRATEGY, strategy, 4), ZX_ERR_BAD_STATE);
  Answer(middle, ZX_EXCEPTION_STATE_TRY_NEXT);
  Answer(Receive(debugger), ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_NE(went_on_at_, 0u);
}

TEST_F(ExceptionCallsTest, AHandlerCanEndTheThreadAlone) {
  const zx_handle_t channel = Channel(child_thread_);
  RefPtr<ThreadDispatcher> second = *ThreadDispatcher::Create(child_object_, NameOf("second"));
  StartFaulting();
  const VirtualAddress sleeper = user_.Add([](UserRegisters&) { UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE); });
  EXPECT_TRUE(second->Start({.rip = sleeper, .stack = 0, .argument1 = 0, .argument2 = 0}).ok());
  Answer(Receive(channel), ZX_EXCEPTION_STATE_THREAD_EXIT);
  EXPECT_EQ(thread_object_->state(), ThreadDispatcher::State::kDead);
  EXPECT_EQ(second->state(), ThreadDispatcher::State::kRunning);
  EXPECT_EQ(went_on_at_, 0u);
  EXPECT_EQ(platform_.console, "");
}

TEST_F(ExceptionCallsTest, AHandlerThatClosesItsChannelHasPassed) {
  const zx_handle_t channel = Channel(child_thread_);
  StartFaulting();
  EXPECT_EQ(Call(Syscall::handle_close, channel), ZX_OK) << "with the message unread";
  RunUntilIdle();
  EXPECT_TRUE(ChildIsOver());
}

TEST_F(ExceptionCallsTest, AThreadInAnExceptionCanBeKilled) {
  const zx_handle_t channel = Channel(child_thread_);
  StartFaulting();
  const zx_handle_t exception = Receive(channel);
  EXPECT_EQ(Call(Syscall::task_kill, child_), ZX_OK);
  RunUntilIdle();
  EXPECT_TRUE(ChildIsOver());
  EXPECT_EQ(child_object_->return_code(), ZX_TASK_RETCODE_SYSCALL_KILL);
  EXPECT_EQ(Call(Syscall::exception_get_thread, exception, out_), ZX_OK) << "its identity is left";
  Answer(exception, ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(Call(Syscall::object_wait_one, channel, ZX_CHANNEL_PEER_CLOSED, 0, 0), ZX_OK);
  EXPECT_EQ(CreateChannel(child_thread_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(CreateChannel(child_), ZX_ERR_BAD_STATE);
}

TEST_F(ExceptionCallsTest, AThreadsHandlerGetsNoHandleToTheProcess) {
  const zx_handle_t of_thread = Channel(child_thread_);
  const zx_handle_t of_process = Channel(Without(child_, ZX_RIGHT_WRITE));
  StartFaulting();
  const zx_handle_t exception = Receive(of_thread);
  EXPECT_EQ(Call(Syscall::exception_get_process, exception, out_), ZX_ERR_ACCESS_DENIED);
  Answer(exception, ZX_EXCEPTION_STATE_TRY_NEXT);
  const zx_handle_t next = Receive(of_process);
  EXPECT_EQ(Call(Syscall::exception_get_process, next, out_), ZX_OK);
  EXPECT_EQ(ObjectOf<ProcessDispatcher>(Get<zx_handle_t>(out_)).get(), child_object_.get());
  EXPECT_EQ(RightsOf(Get<zx_handle_t>(out_)) & ZX_RIGHT_WRITE, 0u) << "no more than the channel was made with";
  Answer(next, ZX_EXCEPTION_STATE_HANDLED);
}

TEST_F(ExceptionCallsTest, TheAnswerIsAProperty) {
  const zx_handle_t channel = Channel(child_thread_);
  StartFaulting();
  const zx_handle_t exception = Receive(channel);
  const VirtualAddress state = Put(uint32_t{99});
  EXPECT_EQ(Call(Syscall::object_set_property, exception, ZX_PROP_EXCEPTION_STATE, state, 4), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_set_property, exception, ZX_PROP_EXCEPTION_STATE, state, 3), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Call(Syscall::object_get_property, exception, ZX_PROP_EXCEPTION_STATE, state, 4), ZX_OK);
  EXPECT_EQ(Get<uint32_t>(state), ZX_EXCEPTION_STATE_TRY_NEXT);
  EXPECT_EQ(Call(Syscall::object_get_property, child_, ZX_PROP_EXCEPTION_STATE, state, 4), ZX_ERR_WRONG_TYPE);
  Answer(exception, ZX_EXCEPTION_STATE_HANDLED);
}

TEST_F(ExceptionCallsTest, OneHandlerOfAKindAtATime) {
  const zx_handle_t channel = Channel(child_);
  EXPECT_EQ(CreateChannel(child_), ZX_ERR_ALREADY_BOUND);
  EXPECT_EQ(CreateChannel(child_, kDebugger), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, channel), ZX_OK);
  EXPECT_EQ(CreateChannel(child_), ZX_OK);
}

TEST_F(ExceptionCallsTest, CreateChannelChecksOptionsTypeAndRights) {
  EXPECT_EQ(CreateChannel(child_, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CreateChannel(child_thread_, kDebugger), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CreateChannel(3), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(CreateChannel(root_), ZX_ERR_WRONG_TYPE);
  for (zx_rights_t right : {ZX_RIGHT_INSPECT, ZX_RIGHT_DUPLICATE, ZX_RIGHT_TRANSFER, ZX_RIGHT_MANAGE_THREAD}) {
    EXPECT_EQ(CreateChannel(Without(child_thread_, right)), ZX_ERR_ACCESS_DENIED);
  }
  EXPECT_EQ(CreateChannel(Without(child_, ZX_RIGHT_ENUMERATE)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::task_create_exception_channel, child_, 0u, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CreateChannel(child_), ZX_OK) << "the one that nobody has does not count";
  EXPECT_EQ(Call(Syscall::exception_get_thread, child_, out_), ZX_ERR_WRONG_TYPE);
}

TEST_F(ExceptionCallsTest, DebuggersHearOfBeginningAndEnd) {
  const zx_handle_t of_job = Channel(job_, kDebugger);
  const zx_handle_t of_process = Channel(child_, kDebugger);
  bool ran = false;
  Start([&](UserRegisters&) { ran = true; });
  EXPECT_EQ(Receive(of_process), ZX_HANDLE_INVALID);
  Answer(Receive(of_job), ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(info_.type, ZX_EXCP_PROCESS_STARTING);
  EXPECT_FALSE(ran);
  Answer(Receive(of_process), ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(info_.type, ZX_EXCP_THREAD_STARTING);
  EXPECT_TRUE(ran);
  const zx_handle_t exiting = Receive(of_process);
  EXPECT_EQ(info_.type, ZX_EXCP_THREAD_EXITING);
  EXPECT_EQ(thread_object_->state(), ThreadDispatcher::State::kRunning);
  Answer(exiting, ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_TRUE(ChildIsOver());
}

TEST_F(ExceptionCallsTest, APolicyCanTurnACallIntoAnException) {
  child_object_->Kill(0);
  const zx_handle_t job = AddObject(*JobDispatcher::CreateChild(process_->job_reference()));
  const zx_policy_basic_v2_t rule{
      .condition = ZX_POL_BAD_HANDLE, .action = ZX_POL_ACTION_ALLOW_EXCEPTION, .flags = ZX_POL_OVERRIDE_DENY};
  EXPECT_EQ(Call(Syscall::job_set_policy, job, 0u, ZX_JOB_POL_BASIC_V2, Put(rule), 1u), ZX_OK);
  child_object_ = *ProcessDispatcher::Create(ObjectOf<JobDispatcher>(job), NameOf("child"));
  thread_object_ = *ThreadDispatcher::Create(child_object_, NameOf("main"));
  const zx_handle_t channel = Channel(AddObject(thread_object_));
  int64_t result = 1;
  Start([&](UserRegisters&) {
    result = UserSyscall(Syscall::handle_close, 3);
    UserSyscall(Syscall::handle_close, 3);
  });
  const zx_handle_t exception = Receive(channel);
  EXPECT_EQ(info_.type, ZX_EXCP_POLICY_ERROR);
  EXPECT_EQ(ObjectOf<ExceptionDispatcher>(exception)->report().context.synth_code, ZX_EXCP_POLICY_CODE_BAD_HANDLE);
  Answer(exception, ZX_EXCEPTION_STATE_HANDLED);
  EXPECT_EQ(result, ZX_ERR_BAD_HANDLE);
  Answer(Receive(channel), ZX_EXCEPTION_STATE_TRY_NEXT);
  EXPECT_EQ(child_object_->return_code(), ZX_TASK_RETCODE_EXCEPTION_KILL);
  EXPECT_NE(platform_.console.find("violation of its job's policy (condition 0)"), std::string::npos);
}

}  // namespace
}  // namespace gk
