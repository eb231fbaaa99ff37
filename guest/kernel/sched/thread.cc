#include "guest/kernel/sched/thread.h"

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/vm/address_space.h"

namespace gk {

Thread::Thread(arch::KernelStack stack) : stack_(std::move(stack)) { arch::InitialiseUserState(user_); }

Thread::~Thread() { GK_ASSERT(state_ == State::kNew || state_ == State::kDead); }

Result<RefPtr<Thread>> Thread::CreateUser(RefPtr<AddressSpace> space, ThreadOwner& owner) {
  PAGODA_TRY_ASSIGN(arch::KernelStack stack, arch::KernelStack::Allocate());
  RefPtr<Thread> thread = MakeRefCounted<Thread>(std::move(stack));
  if (!thread) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  thread->address_space_ = std::move(space);
  thread->owner_ = &owner;
  return thread;
}

Result<RefPtr<Thread>> Thread::CreateKernel(void (*function)(void*), void* argument) {
  PAGODA_TRY_ASSIGN(arch::KernelStack stack, arch::KernelStack::Allocate());
  RefPtr<Thread> thread = MakeRefCounted<Thread>(std::move(stack));
  if (!thread) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  thread->function_ = function;
  thread->argument_ = argument;
  return thread;
}

// Where every thread begins, on its own stack, having been switched to for the first time.
void Thread::Main(void* argument) {
  Thread& thread = *static_cast<Thread*>(argument);
  scheduler->FinishSwitch();
  if (thread.function_ == nullptr) {
    if (thread.owner_ != nullptr && !thread.kill_pending_) {
      thread.owner_->OnThreadStart();
    }
    scheduler->LeaveKernel();
  }
  thread.function_(thread.argument_);
  ExitCurrent();
}

void Thread::Start(const UserEntry& entry) {
  GK_ASSERT(state_ == State::kNew && owner_ != nullptr);
  user_.registers.rip = entry.rip;
  user_.registers.rsp = entry.stack;
  user_.registers.rdi = entry.argument1;
  user_.registers.rsi = entry.argument2;
  user_.registers.rflags = arch::kInitialUserFlags;
  Start();
}

void Thread::Start() {
  GK_ASSERT(state_ == State::kNew);
  AddRef();  // the scheduler's; given back by FinishSwitch after the thread has ended
  arch::PrepareContext(context_, stack_, this, &Thread::Main, this);
  scheduler->MakeReady(*this);
}

void Thread::Kill() {
  if (state_ == State::kDead || kill_pending_) {
    return;
  }
  kill_pending_ = true;
  switch (state_) {
    case State::kNew: {
      state_ = State::kDead;
      ThreadOwner* owner = std::exchange(owner_, nullptr);
      if (owner != nullptr) {
        owner->OnThreadExit();
      }
      break;
    }
    case State::kBlocked:
      scheduler->Wake(*waiter_, Status(ZX_ERR_INTERNAL_INTR_KILLED));
      break;
    case State::kRunning:
      scheduler->InterruptRunning(*this);
      break;
    case State::kReady:  // finds kill_pending_ on its way to user code
    case State::kDead:
      break;
  }
}

void Thread::Suspend() {
  suspend_pending_ = true;
  if (state_ == State::kBlocked && GivesWayToSuspension(waiter_->reason)) {
    scheduler->Wake(*waiter_, Status(ZX_ERR_INTERNAL_INTR_RETRY));
  } else if (state_ == State::kRunning) {
    scheduler->InterruptRunning(*this);
  }
}

void Thread::Resume() {
  suspend_pending_ = false;
  resumed_.WakeAll();
}

void Thread::PassBoundary() {
  Thread& thread = *Current();
  for (;;) {
    if (thread.kill_pending_) {
      ExitCurrent();
    }
    if (thread.suspend_pending_) {
      thread.StopWhileSuspended();
    } else if (arch::CurrentCpu().reschedule) {
      YieldCurrent();
    } else {
      return;
    }
  }
}

void Thread::StopWhileSuspended() {
  suspended_ = true;
  owner_->OnSuspended();
  while (suspend_pending_ && !kill_pending_) {
    (void)resumed_.Block(ZX_TIME_INFINITE);
  }
  suspended_ = false;
  owner_->OnResumed();
}

void Thread::ExitCurrent() {
  Thread& thread = *Current();
  if (ThreadOwner* owner = std::exchange(thread.owner_, nullptr); owner != nullptr) {
    owner->OnThreadExit();
  }
  Cpu& cpu = arch::CurrentCpu();
  if (cpu.user_state_owner == &thread) {
    cpu.user_state_owner = nullptr;
  }
  thread.address_space_ = nullptr;
  thread.state_ = State::kDead;
  cpu.ended = AdoptRef(&thread);
  scheduler->SwitchAway();
  Panic("a dead thread runs");
}

void Thread::YieldCurrent() { scheduler->Yield(); }

Status Thread::SleepUntil(zx_time_t deadline) {
  WaitQueue nobody_wakes;
  return nobody_wakes.Block(deadline, BlockReason::kSleeping);
}

Thread* Thread::Current() { return arch::CurrentThread(); }

}  // namespace gk
