// The one lock of the kernel.
//
// Taken on every entry from user code or idle, released when the CPU goes back there; threads that switch to one
// another hand it over. It is a plain test-and-set lock: a fair lock would stall all CPUs whenever the host takes the
// next one in line off its core.
#pragma once

#include <atomic>

#include "guest/kernel/arch/cpu.h"

namespace gk {

class KernelLock {
 public:
  void Acquire() {
    while (locked_.exchange(true, std::memory_order_acquire)) {
      while (locked_.load(std::memory_order_relaxed)) {
        arch::SpinPause();
      }
    }
  }
  void Release() { locked_.store(false, std::memory_order_release); }

  // Whether some CPU is in the kernel. For somebody who looks from outside, when no CPU runs.
  [[nodiscard]] bool held() const { return locked_.load(std::memory_order_relaxed); }

  // For a caller that polls with the lock held: lets the other CPUs in for a moment. Anything may have changed after
  // it.
  void Relax() {
    Release();
    arch::SpinPause();
    Acquire();
  }

 private:
  std::atomic<bool> locked_ = false;
};

extern constinit KernelLock kernel_lock;

}  // namespace gk
