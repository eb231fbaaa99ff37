// The kernel's random numbers: for handle values and for whatever else a program must not guess.
//
// A ChaCha20 keystream over the monitor's seed. After each block the first half becomes the next key, so numbers that
// were handed out cannot be computed from a later state. Kernel lock held.
#pragma once

#include <stdint.h>

#include <array>

namespace gk {

class RandomGenerator {
 public:
  constexpr RandomGenerator() = default;
  explicit RandomGenerator(const std::array<uint64_t, 4>& seed);

  [[nodiscard]] uint64_t Next();

 private:
  void Refill();

  std::array<uint32_t, 8> key_{};
  std::array<uint64_t, 4> ready_{};
  uint32_t ready_count_ = 0;
};

// The one generator of the kernel; StartFirstProgram seeds it from the boot information.
void SeedRandom(const std::array<uint64_t, 4>& seed);
[[nodiscard]] uint64_t RandomNumber();

}  // namespace gk
