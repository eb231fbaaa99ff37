// The time stamp counter: what guests and host have in common as a clock.
#pragma once

#include <x86intrin.h>

#include <cstdint>

namespace bench {

// Waits for what is before it in the program.
inline uint64_t ReadTsc() {
  _mm_lfence();
  return __rdtsc();
}

}  // namespace bench
