// SHA-256 as FIPS 180-4 defines it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace programs {

class Sha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  // Bytes may come in pieces of any size.
  void Update(std::span<const std::byte> bytes);
  // The digest of everything so far. The object is of no further use.
  Digest Finish();

  // 64 lower-case hexadecimal digits.
  static std::string ToHex(const Digest& digest);

 private:
  static constexpr size_t kBlockSize = 64;

  void ProcessBlock(const std::byte* block);

  // The first 32 bits of the fractional parts of the square roots of the first eight primes (section 5.3.3).
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, kBlockSize> pending_ = {};
  size_t pending_size_ = 0;
  uint64_t total_size_ = 0;  // bytes
};

}  // namespace programs
