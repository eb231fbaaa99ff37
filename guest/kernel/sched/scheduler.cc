#include "guest/kernel/sched/scheduler.h"

#include <utility>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/sched/observation.h"
#include "guest/kernel/vm/address_space.h"

namespace gk {

constinit base::Immortal<Scheduler> scheduler;

Result<> Scheduler::AdoptCpu(Cpu& cpu, uint32_t index, VirtualAddress stack_bottom) {
  RefPtr<Thread> idle = MakeRefCounted<Thread>(arch::KernelStack::Adopt(stack_bottom));
  if (!idle) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  idle->state_ = Thread::State::kRunning;
  idle->cpu_ = &cpu;
  arch::AdoptContext(idle->stack_, idle.get());
  cpu.index = index;
  cpu.idle = cpu.current = idle.Release();  // lives as long as the CPU
  cpus_[index] = &cpu;
  cpu_count_ = cpu_count_ > index + 1 ? cpu_count_ : index + 1;
  return {};
}

void Scheduler::MakeReady(Thread& thread) {
  thread.state_ = Thread::State::kReady;
  ready_.PushBack(thread);
  Cpu& here = arch::CurrentCpu();
  if (std::exchange(here.idling, false)) {
    return;  // an interrupt has ended its sleep, and it looks for work before it sleeps again
  }
  for (uint32_t i = 0; i < cpu_count_; ++i) {
    Cpu* candidate = cpus_[i];
    if (candidate != nullptr && candidate->idling) {
      // Claimed: the next thread that becomes ready wakes another CPU.
      candidate->idling = false;
      here.late_signals.InterruptCpu(candidate->index);
      return;
    }
  }
}

Thread& Scheduler::PickNext(Cpu& cpu) {
  Thread* next = ready_.PopFront();
  return next != nullptr ? *next : *cpu.idle;
}

void Scheduler::SwitchAway() {
  Cpu& cpu = arch::CurrentCpu();
  Thread& previous = *cpu.current;
  Thread& next = PickNext(cpu);
  cpu.reschedule = false;
  cpu.slice_end = ZX_TIME_INFINITE;
  if (&next == &previous) {
    next.state_ = Thread::State::kRunning;
    return;
  }
  // Another CPU may pick `previous` next, so what it has in this CPU's registers must be in memory by then.
  if (cpu.user_state_owner == &previous) {
    arch::SaveUserState(previous.user_);
    cpu.user_state_owner = nullptr;
  }
  next.state_ = Thread::State::kRunning;
  next.cpu_ = &cpu;
  previous.cpu_ = nullptr;
  cpu.current = &next;
  arch::SwitchContext(previous.context_, next.context_);
  FinishSwitch();
}

// Runs on the stack of the thread that was switched to, on whatever CPU that happened.
void Scheduler::FinishSwitch() { arch::CurrentCpu().ended = nullptr; }

void Scheduler::Yield() {
  Thread& current = *Thread::Current();
  arch::CurrentCpu().reschedule = false;
  if (ready_.empty()) {
    return;
  }
  current.state_ = Thread::State::kReady;
  ready_.PushBack(current);
  SwitchAway();
}

void Scheduler::OnKernelEntry() {
  Cpu& cpu = arch::CurrentCpu();
  if (AddressSpace* space = cpu.current->address_space(); space != nullptr) {
    space->running_cpus() &= ~(CpuMask{1} << cpu.index);
  }
  if (cpu.idle_since != 0) {
    observation.counters.idle_ns += static_cast<uint64_t>(CurrentTime() - std::exchange(cpu.idle_since, 0));
    NoteEvent(abi::GuestEventKind::kBusy, 0, 0, 0);
  }
}

void Scheduler::LeaveKernel() {
  if (arch::CurrentCpu().current == arch::CurrentCpu().idle) {
    IdleLoop();
  }
  LeaveToUser();
}

void Scheduler::LeaveToUser() {
  // Before anything is prepared: others have to wait for a page-table entry that is on its way (late_entry.h).
  if (!arch::CurrentCpu().late_signals.empty()) {
    kernel_lock.Relax();
  }
  Thread& thread = *Thread::Current();
  Thread::PassBoundary();
  Cpu& cpu = arch::CurrentCpu();
  if (cpu.user_state_owner != &thread) {
    arch::RestoreUserState(thread.user_);
    cpu.user_state_owner = &thread;
  }
  if (ready_.empty()) {
    cpu.slice_end = ZX_TIME_INFINITE;
  } else if (cpu.slice_end == ZX_TIME_INFINITE) {
    cpu.slice_end = CurrentTime() + kTimeSlice;
  }
  ArmTimer(cpu);
  AddressSpace& space = *thread.address_space_;
  space.running_cpus() |= CpuMask{1} << cpu.index;
  const PhysicalAddress root = space.page_table_root();
  NoteStep(abi::GuestEventKind::kLeft);
  cpu.in_user.store(true, std::memory_order_relaxed);
  arch::PrepareToResume();
  kernel_lock.Release();
  arch::ResumeUser(thread.user_, root);
}

void Scheduler::IdleLoop() {
  Cpu& cpu = arch::CurrentCpu();
  for (;;) {
    cpu.idling = false;
    if (!ready_.empty()) {
      SwitchAway();
      continue;
    }
    cpu.idling = true;
    ArmTimer(cpu);
    ++observation.counters.halts;
    if (observation.magic != 0) {
      NoteEvent(abi::GuestEventKind::kIdle, 0, 0, 0);
      cpu.idle_since = CurrentTime();
    }
    kernel_lock.Release();
    arch::Idle();
    kernel_lock.Acquire();
  }
}

void Scheduler::ArmTimer(Cpu& cpu) {
  zx_time_t wanted = cpu.slice_end;
  if (!cpu.timers.empty() && cpu.timers.front().deadline() < wanted) {
    wanted = cpu.timers.front().deadline();
  }
  // A timer that is set too early costs one needless interrupt; setting it costs a trap to ring 0 every time. So it is
  // moved only when it would fire too late.
  if (wanted < cpu.timer_armed) {
    cpu.timer_armed = wanted;
    arch::SetTimer(wanted);
  }
}

void Scheduler::OnTimer() {
  Cpu& cpu = arch::CurrentCpu();
  cpu.timer_armed = ZX_TIME_INFINITE;
  const zx_time_t now = CurrentTime();
  while (!cpu.timers.empty() && cpu.timers.front().deadline() <= now) {
    Timer& timer = cpu.timers.front();
    timer.Disarm();
    timer.OnDeadline();
  }
  if (cpu.slice_end <= now) {
    cpu.slice_end = ZX_TIME_INFINITE;
    cpu.reschedule = true;
  }
}

void Scheduler::AddTimer(Timer& timer) {
  auto& timers = arch::CurrentCpu().timers;
  auto position = timers.begin();
  while (position != timers.end() && position->deadline() <= timer.deadline()) {
    ++position;
  }
  timers.InsertBefore(position, timer);
}

void Scheduler::Wake(Waiter& waiter, Status result) {
  static_cast<base::ListNode<WaitTag>&>(waiter).Unlink();
  waiter.Disarm();
  waiter.result = result;
  Thread& thread = *waiter.thread;
  thread.waiter_ = nullptr;
  MakeReady(thread);
}

void Scheduler::InterruptRunning(Thread& thread) {
  Cpu* cpu = thread.cpu_;
  if (cpu != nullptr && cpu->in_user.load(std::memory_order_acquire)) {
    arch::CurrentCpu().late_signals.InterruptCpu(cpu->index);
  }
}

}  // namespace gk
