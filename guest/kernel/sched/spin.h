// How the kernel spins for what another CPU or the host is about to do: for about as long as a way to the host and back
// takes, and then goes that way, so that the host can run somebody else on this processor.
//
// Whoever has what we spin for may be waiting for just that: another CPU that holds the lock, the thread of the monitor
// that has the answer. With more CPUs than the host has processors that is the rule. Going to sleep instead costs a
// wake-up and an interrupt as well, three times as much.
#pragma once

#include <zircon/types.h>

#include <cstdint>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/kernel_lock.h"

namespace gk {

// Longer than what the kernel does with the lock takes, and than a pager takes that has the page at hand.
inline constexpr zx_duration_t kSpin = 50'000;

// How often a spin looks at most. It is the time that bounds it, everywhere but where clocks stand still.
inline constexpr uint32_t kMostLooks = 10'000;

// True as soon as `found` returns true. False: it did not for `spin` (ns), and the host has had its turn since.
template <typename Found>
[[nodiscard]] bool SpinThenYield(Found found, zx_duration_t spin = kSpin) {
  const zx_time_t start = CurrentTime();
  for (uint32_t looks = 0; looks < kMostLooks; ++looks) {
    if (found()) {
      return true;
    }
    arch::SpinPause();
    if (CurrentTime() - start > spin) {
      break;
    }
  }
  arch::YieldToHost();
  return found();
}

// The same for one who has the kernel lock, without it: `found` looks at what is safe to see so. Anything may have
// changed after it.
template <typename Found>
[[nodiscard]] bool SpinUnlocked(Found found, zx_duration_t spin = kSpin) {
  kernel_lock.Release();
  const bool result = SpinThenYield(found, spin);
  kernel_lock.Acquire();
  return result;
}

}  // namespace gk
