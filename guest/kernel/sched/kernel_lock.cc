#include "guest/kernel/sched/kernel_lock.h"

#include <utility>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/sched/cpu.h"
#include "guest/kernel/sched/spin.h"

namespace gk {
constinit KernelLock kernel_lock;

void KernelLock::Wait() {
  do {
    while (!SpinThenYield([this] { return !locked_.load(std::memory_order_relaxed); })) {
    }
  } while (locked_.exchange(true, std::memory_order_acquire));
}

void KernelLock::Release() {
  const LateSignals due = std::exchange(arch::CurrentCpu().late_signals, {});
  locked_.store(false, std::memory_order_release);
  due.Send();
}

void KernelLock::Relax() {
  Release();
  arch::SpinPause();
  Acquire();
}

}  // namespace gk
