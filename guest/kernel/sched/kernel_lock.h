// The one lock of the kernel.
//
// Taken on every entry from user code or idle, released when the CPU goes back there; threads that switch to one
// another hand it over. It is a plain test-and-set lock: a fair lock would stall all CPUs whenever the host takes the
// next one in line off its core. Nobody leaves for the host with it if he can help it (late_signals.h), and who waits
// for long lets the host have his processor: the one who has the lock may be waiting for one.
#pragma once

#include <atomic>

namespace gk {

class KernelLock {
 public:
  void Acquire() {
    if (locked_.exchange(true, std::memory_order_acquire)) {
      Wait();
    }
  }
  // Sends the calling CPU's late signals.
  void Release();

  // Whether some CPU is in the kernel. For somebody who looks from outside, when no CPU runs.
  [[nodiscard]] bool held() const { return locked_.load(std::memory_order_relaxed); }

  // For a caller that polls with the lock held: lets the other CPUs in for a moment. Anything may have changed after
  // it.
  void Relax();

 private:
  void Wait();

  std::atomic<bool> locked_ = false;
};

extern constinit KernelLock kernel_lock;

}  // namespace gk
