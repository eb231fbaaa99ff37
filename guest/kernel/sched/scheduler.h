// Who runs where: one queue of ready threads for all CPUs, round robin.
//
// One queue under the one kernel lock keeps the rule simple: a CPU that leaves the kernel takes the thread that has
// waited longest. Every call needs the kernel lock; "current" means on the calling CPU.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/sched/cpu.h"
#include "guest/kernel/sched/thread.h"
#include "shared/abi/boot_info.h"
#include "shared/base/immortal.h"
#include "shared/base/intrusive_list.h"

namespace gk {

inline constexpr zx_duration_t kTimeSlice = 10'000'000;

class Scheduler {
 public:
  constexpr Scheduler() = default;

  // Makes the running code the idle thread of `cpu`, on a stack that it already uses. ZX_ERR_NO_MEMORY.
  Result<> AdoptCpu(Cpu& cpu, uint32_t index, VirtualAddress stack_bottom);

  // Puts a thread that can run into the queue and wakes an idle CPU for it.
  void MakeReady(Thread& thread);

  // Takes the current thread off its CPU, in the state that the caller has given it, until it is picked again.
  void SwitchAway();

  // Lets the others run and comes back when it is this thread's turn again.
  void Yield();

  // The current thread entered the kernel from user code or idle; the lock has just been taken.
  void OnKernelEntry();

  // Leaves the kernel: the current user thread goes on in user code (or ends, or others go first); the current idle
  // thread goes on idling.
  [[noreturn]] void LeaveKernel();

  // The timer of the calling CPU fired: fires what is due and ends the slice if it is over.
  void OnTimer();

  // Puts a timer on the list of the calling CPU: Timer::Arm.
  void AddTimer(Timer& timer);

  // Wakes `waiter`, which leaves its queue and is disarmed, with `result`.
  void Wake(Waiter& waiter, Status result);

  // Interrupts the CPU that runs `thread`'s user code, if one does.
  void InterruptRunning(Thread& thread);

  // A thread waits for a CPU.
  [[nodiscard]] bool has_ready() const { return !ready_.empty(); }
  [[nodiscard]] uint32_t cpu_count() const { return cpu_count_; }
  [[nodiscard]] Cpu& cpu(uint32_t index) { return *cpus_[index]; }

 private:
  Thread& PickNext(Cpu& cpu);
  void FinishSwitch();
  void ArmTimer(Cpu& cpu);
  [[noreturn]] void LeaveToUser();
  [[noreturn]] void IdleLoop();
  friend class Thread;

  base::IntrusiveList<Thread, RunTag> ready_;
  Cpu* cpus_[abi::kMaxCpus] = {};
  uint32_t cpu_count_ = 0;
};

extern constinit base::Immortal<Scheduler> scheduler;

}  // namespace gk
