// A mutex on one futex word: no system call unless threads contend. Works with std::lock_guard and std::unique_lock,
// whose naming its methods follow.
#pragma once

#include <zircon/syscalls.h>

#include <atomic>

namespace pagoda {

// Not recursive. May be constant-initialised and is never destroyed while held.
class Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    int expected = kFree;
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) {
      LockSlowly();
    }
  }
  bool try_lock() {
    int expected = kFree;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire);
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kContended) {
      zx_futex_wake(futex(), 1);
    }
  }

 private:
  enum : int {
    kFree = 0,
    kHeld = 1,
    kContended = 2,  // held, and somebody may be waiting
  };

  void LockSlowly() {
    // Whoever waited once must assume that others wait too, so the mutex is taken as contended.
    while (state_.exchange(kContended, std::memory_order_acquire) != kFree) {
      zx_futex_wait(futex(), kContended, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
  }
  // SAFETY: an atomic<int> is laid out as the int that the kernel compares.
  zx_futex_t* futex() { return reinterpret_cast<zx_futex_t*>(&state_); }

  std::atomic<int> state_ = kFree;
};

}  // namespace pagoda
