// The fuzzer's bytes, taken one value at a time; zeros when they run out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace test {

class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(data, size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  template <typename T>
  T Take() {
    T value{};
    const size_t size = std::min(sizeof(T), rest_.size());
    if (size > 0) {
      std::memcpy(&value, rest_.data(), size);
    }
    rest_ = rest_.subspan(size);
    return value;
  }
  // In [0, bound).
  uint32_t Below(uint32_t bound) { return Take<uint16_t>() % bound; }

 private:
  std::span<const uint8_t> rest_;
};

// An invariant that the fuzzer looks for a way to break.
inline void Require(bool holds) {
  if (!holds) {
    __builtin_trap();
  }
}

}  // namespace test
