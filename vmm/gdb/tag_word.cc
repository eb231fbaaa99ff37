#include "vmm/gdb/tag_word.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace vmm::gdb {

namespace {

enum Tag : uint16_t { kValid = 0, kZero = 1, kSpecial = 2, kEmpty = 3 };

Tag TagOf(const std::array<uint8_t, 10>& value) {
  uint64_t significand = 0;
  uint16_t sign_and_exponent = 0;
  std::memcpy(&significand, value.data(), sizeof(significand));
  std::memcpy(&sign_and_exponent, value.data() + sizeof(significand), sizeof(sign_and_exponent));
  const uint16_t exponent = sign_and_exponent & 0x7fff;
  if (exponent == 0) {
    return significand == 0 ? kZero : kSpecial;
  }
  const bool normal = exponent != 0x7fff && significand >> 63 != 0;
  return normal ? kValid : kSpecial;
}

}  // namespace

uint16_t FullTagWord(const Registers& registers) {
  const size_t top = registers.fsw >> 11 & 7;
  unsigned full = 0;
  for (size_t physical = 0; physical < 8; ++physical) {
    const bool used = (registers.ftw >> physical & 1) != 0;
    const Tag tag = used ? TagOf(registers.st[(physical - top) & 7]) : kEmpty;
    full |= static_cast<unsigned>(tag) << (2 * physical);
  }
  return static_cast<uint16_t>(full);
}

uint8_t AbridgedTagWord(uint16_t full) {
  unsigned abridged = 0;
  for (unsigned physical = 0; physical < 8; ++physical) {
    abridged |= ((full >> (2 * physical) & 3) != kEmpty ? 1U : 0U) << physical;
  }
  return static_cast<uint8_t>(abridged);
}

}  // namespace vmm::gdb
