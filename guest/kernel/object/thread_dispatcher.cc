#include "guest/kernel/object/thread_dispatcher.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/object/exception_report.h"
#include "guest/kernel/object/platform.h"
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
  PAGODA_TRY(process_->AddThread(*this));
  state_ = State::kRunning;
  myself_ = RefPtr<ThreadDispatcher>(this);
  UpdateSignals(0, ZX_THREAD_RUNNING);
  thread_->Start(entry);
  return {};
}

void ThreadDispatcher::Kill() {
  if (state_ == State::kRunning) {
    thread_->Kill();
  }
}

void ThreadDispatcher::OnSyscall(UserRegisters& registers) {
  registers.rax = syscall::Dispatch({.process = *process_, .thread = *this}, registers);
}

void ThreadDispatcher::OnException(UserRegisters& registers, const UserException& exception) {
  if (process_->state() != ProcessDispatcher::State::kRunning) {
    return;  // it is being killed, and so is this thread; only the first fault is worth a report
  }
  // The report comes first: a thread that is told to end cannot wait for the console any more.
  const ExceptionReport report(*process_->name(), name_, registers, exception);
  platform().WriteConsole(report.text());
  process_->Kill(ZX_TASK_RETCODE_EXCEPTION_KILL);
}

bool ThreadDispatcher::IsSyscallInstruction(VirtualAddress rip) {
  const VirtualAddress code = process_->vdso_code();
  return code != 0 && rip >= code && rip - code < abi::kVdsoCodePages * base::kPageSize;
}

void ThreadDispatcher::OnThreadExit() {
  const RefPtr<ThreadDispatcher> keep_alive = std::move(myself_);
  const RefPtr<ProcessDispatcher> process = process_;
  state_ = State::kDead;
  thread_ = nullptr;  // the scheduler still holds it, and its stack, which this runs on
  UpdateSignals(ZX_THREAD_RUNNING, ZX_THREAD_TERMINATED);
  process->RemoveThread(*this);
}

}  // namespace gk
