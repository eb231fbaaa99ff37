#include "guest/kernel/object/thread_dispatcher.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/sched/observation.h"
#include "guest/kernel/syscall/dispatch.h"
#include "shared/abi/syscalls.h"
#include "shared/base/range.h"

namespace gk {
namespace {

// An address that is not canonical must not reach the instruction that returns to user code: it would fault in ring 0.
// The stack pointer has no such rule.
bool IsUserAddress(VirtualAddress address) {
  return address >= AddressSpace::kUserBase && address < AddressSpace::kUserEnd;
}

constexpr uint64_t kTrapInstructionSize = 2;  // of `syscall` and of `ud2`

zx_thread_state_t InfoStateFor(BlockReason reason) {
  switch (reason) {
    case BlockReason::kKernel:
      return ZX_THREAD_STATE_RUNNING;
    case BlockReason::kException:
      return ZX_THREAD_STATE_BLOCKED_EXCEPTION;
    case BlockReason::kSleeping:
      return ZX_THREAD_STATE_BLOCKED_SLEEPING;
    case BlockReason::kFutex:
      return ZX_THREAD_STATE_BLOCKED_FUTEX;
    case BlockReason::kPort:
      return ZX_THREAD_STATE_BLOCKED_PORT;
    case BlockReason::kChannel:
      return ZX_THREAD_STATE_BLOCKED_CHANNEL;
    case BlockReason::kWaitOne:
      return ZX_THREAD_STATE_BLOCKED_WAIT_ONE;
    case BlockReason::kWaitMany:
      return ZX_THREAD_STATE_BLOCKED_WAIT_MANY;
    case BlockReason::kInterrupt:
      return ZX_THREAD_STATE_BLOCKED_INTERRUPT;
    case BlockReason::kPager:
    case BlockReason::kPagerInCopy:
      return ZX_THREAD_STATE_BLOCKED_PAGER;
  }
  return ZX_THREAD_STATE_RUNNING;
}

}  // namespace

Result<RefPtr<ThreadDispatcher>> ThreadDispatcher::Create(RefPtr<ProcessDispatcher> process, ObjectName name) {
  RefPtr<AddressSpace> address_space = process->address_space_reference();
  RefPtr<ThreadDispatcher> dispatcher = MakeRefCounted<ThreadDispatcher>(std::move(process), name);
  if (!dispatcher) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(dispatcher->thread_, Thread::CreateUser(std::move(address_space), *dispatcher));
  return dispatcher;
}

ThreadIdentity ThreadDispatcher::identity() const {
  return {
      .process_koid = process_->koid(), .thread_koid = koid(), .process_name = *process_->name(), .thread_name = name_};
}

ThreadDispatcher::ThreadDispatcher(RefPtr<ProcessDispatcher> process, const ObjectName& name)
    : Dispatcher(kType, ZX_SIGNAL_NONE), name_(name), process_(std::move(process)) {}

ThreadDispatcher::~ThreadDispatcher() { GK_ASSERT(state_ != State::kRunning); }

Result<> ThreadDispatcher::Start(const UserEntry& entry) {
  if (state_ != State::kNew) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (!IsUserAddress(entry.rip)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  first_of_process_ = process_->state() == ProcessDispatcher::State::kInitial;
  PAGODA_TRY(process_->AddThread(*this));
  state_ = State::kRunning;
  myself_ = RefPtr<ThreadDispatcher>(this);
  UpdateSuspension();
  UpdateSignals(0, ZX_THREAD_RUNNING);
  thread_->Start(entry);
  return {};
}

void ThreadDispatcher::Kill() {
  if (state_ == State::kRunning) {
    thread_->Kill();
  }
}

Result<> ThreadDispatcher::Suspend() {
  if (state_ == State::kDead || thread_->kill_pending()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  ++suspend_count_;
  UpdateSuspension();
  return {};
}

void ThreadDispatcher::Resume() {
  GK_ASSERT(suspend_count_ > 0);
  --suspend_count_;
  UpdateSuspension();
}

void ThreadDispatcher::UpdateSuspension() {
  if (state_ != State::kRunning) {
    return;  // Start asks again
  }
  if (suspend_count_ != 0 || process_->suspend_wanted()) {
    thread_->Suspend();
  } else {
    thread_->Resume();
  }
}

arch::UserState* ThreadDispatcher::StoppedState() {
  if (state_ != State::kRunning) {
    return nullptr;
  }
  const bool in_exception =
      thread_->state() == Thread::State::kBlocked && thread_->block_reason() == BlockReason::kException;
  return thread_->suspended() || in_exception ? &thread_->user_state() : nullptr;
}

zx_thread_state_t ThreadDispatcher::InfoState() const {
  if (state_ != State::kRunning) {
    return state_ == State::kNew ? ZX_THREAD_STATE_NEW : ZX_THREAD_STATE_DEAD;
  }
  if (thread_->kill_pending()) {
    return ZX_THREAD_STATE_DYING;
  }
  return thread_->suspended() ? ZX_THREAD_STATE_SUSPENDED : InfoStateFor(thread_->block_reason());
}

void ThreadDispatcher::OnSyscall(UserRegisters& registers) {
  ++observation.counters.syscalls;
  const uint64_t number = registers.rax;
  const uint64_t result = syscall::Dispatch({.process = *process_, .thread = *this}, registers);
  if (result == static_cast<uint64_t>(int64_t{ZX_ERR_INTERNAL_INTR_RETRY})) {
    // It gave way to a suspension. The arguments are where they were, so the trap instruction is just executed again.
    registers.rip -= kTrapInstructionSize;
    registers.rax = number;
    return;
  }
  registers.rax = result;
  if (violated_policy_) {
    RaisePolicyException(registers);
  }
}

bool ThreadDispatcher::IsSyscallInstruction(VirtualAddress rip) { return process_->IsVdsoCode(rip); }

// Which system calls there are is between the kernel and its vDSO: who goes past it is stopped, as in Zircon.
void ThreadDispatcher::OnForeignSyscall() { process_->Kill(ZX_TASK_RETCODE_VDSO_KILL); }

void ThreadDispatcher::OnSuspended() { UpdateSignals(ZX_THREAD_RUNNING, ZX_THREAD_SUSPENDED); }

void ThreadDispatcher::OnResumed() { UpdateSignals(ZX_THREAD_SUSPENDED, ZX_THREAD_RUNNING); }

void ThreadDispatcher::OnThreadExit() {
  const RefPtr<ThreadDispatcher> keep_alive = std::move(myself_);
  const RefPtr<ProcessDispatcher> process = process_;
  state_ = State::kDead;
  exceptionate_.Shutdown();
  thread_ = nullptr;  // the scheduler still holds it, and its stack, which this runs on
  UpdateSignals(ZX_THREAD_RUNNING | ZX_THREAD_SUSPENDED, ZX_THREAD_TERMINATED);
  process->RemoveThread(*this);
}

}  // namespace gk
