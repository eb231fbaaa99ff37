#include "guest/programs/sha256.h"

#include <algorithm>
#include <bit>

namespace programs {
namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2), computed by the
// compiler: floor(2^32 * cbrt(p)) modulo 2^32, by bisection over integers.
constexpr uint32_t CubeRootFraction(uint64_t prime) {
  unsigned __int128 low = 0;
  unsigned __int128 high = static_cast<unsigned __int128>(8) << 32;
  // Cubes of 36-bit numbers do not fit into 128 bits with the scale of 2^96, so the comparison divides twice.
  while (high - low > 1) {
    const unsigned __int128 middle = (low + high) / 2;
    const unsigned __int128 square = middle * middle;                             // scale 2^64
    const unsigned __int128 limit = static_cast<unsigned __int128>(prime) << 96;  // scale 2^96
    (square <= limit / middle ? low : high) = middle;
  }
  return static_cast<uint32_t>(low);
}

constexpr bool IsPrime(uint64_t n) {
  for (uint64_t divisor = 2; divisor * divisor <= n; ++divisor) {
    if (n % divisor == 0) {
      return false;
    }
  }
  return true;
}

constexpr auto kRoundConstants = [] {
  std::array<uint32_t, 64> constants = {};
  uint64_t candidate = 2;
  for (uint32_t& constant : constants) {
    while (!IsPrime(candidate)) {
      ++candidate;
    }
    constant = CubeRootFraction(candidate++);
  }
  return constants;
}();
static_assert(kRoundConstants[0] == 0x428a2f98 && kRoundConstants[63] == 0xc67178f2);

uint32_t LoadBigEndian(const std::byte* from) {
  uint32_t value;
  __builtin_memcpy(&value, from, sizeof(value));
  return __builtin_bswap32(value);
}

// Section 4.1.2.
uint32_t Choose(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (~x & z); }
uint32_t Majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (x & z) ^ (y & z); }
uint32_t BigSigma0(uint32_t x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
uint32_t BigSigma1(uint32_t x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
uint32_t SmallSigma0(uint32_t x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3); }
uint32_t SmallSigma1(uint32_t x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10); }

}  // namespace

// Section 6.2.2.
void Sha256::ProcessBlock(const std::byte* block) {
  std::array<uint32_t, 64> schedule;
  for (size_t t = 0; t < 16; ++t) {
    schedule[t] = LoadBigEndian(block + 4 * t);
  }
  for (size_t t = 16; t < 64; ++t) {
    schedule[t] = SmallSigma1(schedule[t - 2]) + schedule[t - 7] + SmallSigma0(schedule[t - 15]) + schedule[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (size_t t = 0; t < 64; ++t) {
    const uint32_t t1 = h + BigSigma1(e) + Choose(e, f, g) + kRoundConstants[t] + schedule[t];
    const uint32_t t2 = BigSigma0(a) + Majority(a, b, c);
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const std::array<uint32_t, 8> added = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < state_.size(); ++i) {
    state_[i] += added[i];
  }
}

void Sha256::Update(std::span<const std::byte> bytes) {
  total_size_ += bytes.size();
  if (pending_size_ > 0) {
    const size_t taken = std::min(bytes.size(), kBlockSize - pending_size_);
    std::copy_n(bytes.begin(), taken, pending_.begin() + static_cast<ptrdiff_t>(pending_size_));
    pending_size_ += taken;
    bytes = bytes.subspan(taken);
    if (pending_size_ < kBlockSize) {
      return;
    }
    ProcessBlock(pending_.data());
    pending_size_ = 0;
  }
  while (bytes.size() >= kBlockSize) {
    ProcessBlock(bytes.data());
    bytes = bytes.subspan(kBlockSize);
  }
  std::copy(bytes.begin(), bytes.end(), pending_.begin());
  pending_size_ = bytes.size();
}

Sha256::Digest Sha256::Finish() {
  // Section 5.1.1: a bit 1, zeros, and the length in bits fill the last block.
  const uint64_t bits = total_size_ * 8;
  std::array<std::byte, 2 * kBlockSize> padding = {std::byte{0x80}};
  const size_t zeros_end = pending_size_ < 56 ? 56 - pending_size_ : 120 - pending_size_;
  for (size_t i = 0; i < 8; ++i) {
    padding[zeros_end + i] = static_cast<std::byte>(bits >> (56 - 8 * i));
  }
  Update({padding.data(), zeros_end + 8});
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

std::string Sha256::ToHex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace programs
