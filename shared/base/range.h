// The one range check of the tree, and the arithmetic of pages.
//
// "Does [offset, offset + length) lie inside [0, size)?" is the question behind most memory-safety bugs of monitors and
// kernels: the sum wraps, or the end is compared the wrong way. It is answered here, once, and everybody calls it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace base {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kPageShift = 12;
inline constexpr uint64_t kLargePageSize = uint64_t{2} << 20;
inline constexpr uint64_t kPagesPerLargePage = kLargePageSize / kPageSize;

// True when [offset, offset + length) lies inside [0, size). An empty range fits anywhere up to and including `size`.
[[nodiscard]] constexpr bool RangeFits(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

// True when the two ranges share at least one byte. Neither may wrap around.
[[nodiscard]] constexpr bool RangesOverlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length) {
  return a_length != 0 && b_length != 0 && a < b + b_length && b < a + a_length;
}

// `alignment` is a power of two in the four functions below.
[[nodiscard]] constexpr bool IsAligned(uint64_t value, uint64_t alignment) { return (value & (alignment - 1)) == 0; }
[[nodiscard]] constexpr uint64_t AlignDown(uint64_t value, uint64_t alignment) { return value & ~(alignment - 1); }
// Wraps to 0 when no multiple of `alignment` at or above `value` can be represented: see AlignUpOverflows.
[[nodiscard]] constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return AlignDown(value + (alignment - 1), alignment);
}
[[nodiscard]] constexpr bool AlignUpOverflows(uint64_t value, uint64_t alignment) {
  return value > UINT64_MAX - (alignment - 1);
}

[[nodiscard]] constexpr bool IsPageAligned(uint64_t value) { return IsAligned(value, kPageSize); }
[[nodiscard]] constexpr bool IsPowerOfTwo(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

}  // namespace base
