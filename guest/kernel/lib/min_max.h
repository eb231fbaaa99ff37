// The smaller and the larger of two values. <algorithm> has them, but it is no freestanding header.
#pragma once

namespace gk {

template <typename T>
[[nodiscard]] constexpr T Min(T a, T b) {
  return b < a ? b : a;
}

template <typename T>
[[nodiscard]] constexpr T Max(T a, T b) {
  return a < b ? b : a;
}

}  // namespace gk
