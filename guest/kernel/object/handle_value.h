// What a handle looks like to a program: a number that says nothing and cannot be guessed from another one.
//
// Inside the table a handle is a slot and the slot's generation, 29 bits together. A bijection of those 29 bits, drawn
// from a random key of the process, scrambles them. The two lowest bits of every value are set
// (ZX_HANDLE_FIXED_BITS_MASK: a tag that catches integers passed for handles) and the highest is clear, so no value is
// ever 0 or negative.
//
// Plain XOR with a key would do for handing out values, but one known value would then reveal its neighbours.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include <optional>

namespace gk {

struct HandleSlot {
  uint32_t index;
  uint32_t generation;
  bool operator==(const HandleSlot&) const = default;
};

class HandleValueCoder {
 public:
  static constexpr uint32_t kIndexBits = 18;
  static constexpr uint32_t kGenerationBits = 11;

  // `key`: random, secret. Every key gives a bijection.
  constexpr explicit HandleValueCoder(uint64_t key)
      : first_multiplier_((static_cast<uint32_t>(key) & kMask) | 1),
        second_multiplier_((static_cast<uint32_t>(key >> 29) & kMask) | 1),
        first_inverse_(Inverse(first_multiplier_)),
        second_inverse_(Inverse(second_multiplier_)),
        offset_(static_cast<uint32_t>((key * 0x9e3779b97f4a7c15) >> 35) & kMask) {}

  // Precondition: both fields are within their bits.
  [[nodiscard]] constexpr zx_handle_t Encode(HandleSlot slot) const {
    uint32_t x = (slot.generation << kIndexBits) | slot.index;
    x = ((x ^ offset_) * first_multiplier_) & kMask;
    x ^= x >> kShift;
    x = (x * second_multiplier_) & kMask;
    x ^= x >> kShift;
    return (x << kFixedBits) | ZX_HANDLE_FIXED_BITS_MASK;
  }

  // Nothing when `value` is not of the form that Encode gives.
  [[nodiscard]] constexpr std::optional<HandleSlot> Decode(zx_handle_t value) const {
    if ((value & ZX_HANDLE_FIXED_BITS_MASK) != ZX_HANDLE_FIXED_BITS_MASK || (value >> 31) != 0) {
      return std::nullopt;
    }
    uint32_t x = value >> kFixedBits;
    x ^= x >> kShift;
    x = (x * second_inverse_) & kMask;
    x ^= x >> kShift;
    x = ((x * first_inverse_) & kMask) ^ offset_;
    return HandleSlot{.index = x & ((1u << kIndexBits) - 1), .generation = x >> kIndexBits};
  }

 private:
  static constexpr uint32_t kBits = kIndexBits + kGenerationBits;
  static constexpr uint32_t kMask = (1u << kBits) - 1;
  static constexpr uint32_t kFixedBits = 2;
  // At least half the bits: `x ^= x >> kShift` is then its own inverse.
  static constexpr uint32_t kShift = 15;
  static_assert(kBits + kFixedBits == 31 && 2 * kShift >= kBits);

  // The inverse of an odd number modulo 2^32, by Newton's iteration: each step doubles the number of right bits.
  static constexpr uint32_t Inverse(uint32_t odd) {
    uint32_t inverse = odd;  // right in 3 bits
    for (int step = 0; step < 4; ++step) {
      inverse *= 2 - odd * inverse;
    }
    return inverse;
  }

  uint32_t first_multiplier_;
  uint32_t second_multiplier_;
  uint32_t first_inverse_;
  uint32_t second_inverse_;
  uint32_t offset_;
};

}  // namespace gk
