#include "guest/kernel/sched/kernel_lock.h"

#include <utility>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/cpu.h"

namespace gk {
namespace {

// Longer than what is done with the lock takes, unless the host has taken the one who has it off his processor. Going
// to the host costs about as much.
constexpr zx_duration_t kPatience = 50'000;

}  // namespace

constinit KernelLock kernel_lock;

void KernelLock::Wait() {
  zx_time_t since = CurrentTime();
  do {
    while (locked_.load(std::memory_order_relaxed)) {
      arch::SpinPause();
      if (CurrentTime() - since > kPatience) {
        arch::YieldToHost();
        since = CurrentTime();
      }
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
