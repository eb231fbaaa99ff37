// What the curves of growth-probe have in common: a curve measures an operation at one size after the other.
//
// What was made for that is left to the end of the process, which needs no system call for each piece.
#pragma once

#include <lib/zx/vmo.h>
#include <stdint.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace growth {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr size_t kRuns = 31;
inline constexpr zx_duration_t kLongest = ZX_SEC(18);  // of one curve; it is looked at between sizes

inline bool failed = false;
inline uint64_t largest = UINT64_MAX;  // no curve goes beyond this size

// Where a curve ends that could go as far as `size`.
inline uint64_t Most(uint64_t size) { return std::min(size, largest); }

// A call that must work for the figure to mean anything.
inline void Expect(zx_status_t status) { failed |= status != ZX_OK; }

inline uint64_t ReadTsc() {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}

class Curve {
 public:
  // Measures `operation` at `size`, if that is larger than the last one; false: no more is to follow.
  template <typename Operation>
  bool Add(uint64_t size, Operation operation) {
    if (size <= std::exchange(last_size_, size)) {
      return false;
    }
    std::vector<uint64_t> samples(kRuns);
    for (uint64_t& sample : samples) {
      sample = operation();
    }
    std::sort(samples.begin(), samples.end());
    if (!failed) {
      printf("%lu %lu\n", size, samples[samples.size() / 2]);
    }
    return !failed && zx_clock_get_monotonic() < end_;
  }
  [[nodiscard]] bool out_of_time() const { return zx_clock_get_monotonic() >= end_; }

 private:
  uint64_t last_size_ = 0;
  const zx_time_t end_ = zx_deadline_after(kLongest);
};

template <typename Operation>
uint64_t CyclesOf(Operation operation) {
  const uint64_t start = ReadTsc();
  operation();
  return ReadTsc() - start;
}

inline zx::vmo MakeVmo(uint64_t size) {
  zx::vmo vmo;
  Expect(zx::vmo::create(size, 0, &vmo));
  return vmo;
}

// growth_memory.cc
void VmoSize();
void Vmos();
void Clones();
void CloneWrites();
void Mappings();
void MappingFaults();

// growth_threads.cc
void Requests();
void Threads();
void Vcpus();

}  // namespace growth
