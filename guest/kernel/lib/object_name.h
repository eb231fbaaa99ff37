// The name of an object: for people who read reports and lists; nothing is looked up by it.
#pragma once

#include <stddef.h>
#include <zircon/types.h>

#include <array>
#include <span>

namespace gk {

// At most ZX_MAX_NAME_LEN bytes with the terminator; longer names are cut, and end at their first NUL.
class ObjectName {
 public:
  constexpr ObjectName() = default;
  constexpr explicit ObjectName(std::span<const char> name) {
    while (length_ < kMaxLength && length_ < name.size() && name[length_] != '\0') {
      bytes_[length_] = name[length_];
      ++length_;
    }
  }

  [[nodiscard]] constexpr std::span<const char> text() const { return {bytes_.data(), length_}; }
  [[nodiscard]] constexpr const char* c_str() const { return bytes_.data(); }
  // All ZX_MAX_NAME_LEN bytes, zero-filled behind the name: what ZX_PROP_NAME gives.
  [[nodiscard]] constexpr const std::array<char, ZX_MAX_NAME_LEN>& bytes() const { return bytes_; }

  // The same into a field of a structure.
  constexpr void CopyTo(char (&field)[ZX_MAX_NAME_LEN]) const {
    for (size_t i = 0; i < ZX_MAX_NAME_LEN; ++i) {
      field[i] = bytes_[i];
    }
  }

 private:
  static constexpr size_t kMaxLength = ZX_MAX_NAME_LEN - 1;
  std::array<char, ZX_MAX_NAME_LEN> bytes_{};
  size_t length_ = 0;
};

}  // namespace gk
