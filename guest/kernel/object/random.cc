#include "guest/kernel/object/random.h"

#include <bit>

namespace gk {
namespace {

constinit RandomGenerator generator;

// RFC 8439, section 2.1.
constexpr void QuarterRound(std::array<uint32_t, 16>& state, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  state[a] += state[b];
  state[d] = std::rotl(state[d] ^ state[a], 16);
  state[c] += state[d];
  state[b] = std::rotl(state[b] ^ state[c], 12);
  state[a] += state[b];
  state[d] = std::rotl(state[d] ^ state[a], 8);
  state[c] += state[d];
  state[b] = std::rotl(state[b] ^ state[c], 7);
}

// RFC 8439, section 2.3, with counter and nonce 0: the key is never used twice.
constexpr std::array<uint32_t, 16> ChachaBlock(const std::array<uint32_t, 8>& key) {
  std::array<uint32_t, 16> initial{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (uint32_t i = 0; i < key.size(); ++i) {
    initial[4 + i] = key[i];
  }
  std::array<uint32_t, 16> state = initial;
  for (int round = 0; round < 10; ++round) {
    QuarterRound(state, 0, 4, 8, 12);
    QuarterRound(state, 1, 5, 9, 13);
    QuarterRound(state, 2, 6, 10, 14);
    QuarterRound(state, 3, 7, 11, 15);
    QuarterRound(state, 0, 5, 10, 15);
    QuarterRound(state, 1, 6, 11, 12);
    QuarterRound(state, 2, 7, 8, 13);
    QuarterRound(state, 3, 4, 9, 14);
  }
  for (uint32_t i = 0; i < state.size(); ++i) {
    state[i] += initial[i];
  }
  return state;
}

// RFC 8439, appendix A.1, test vector 1: the block of the all-zero key starts with 76 b8 e0 ad.
static_assert(ChachaBlock({})[0] == 0xade0b876);

}  // namespace

RandomGenerator::RandomGenerator(const std::array<uint64_t, 4>& seed) {
  for (uint32_t i = 0; i < seed.size(); ++i) {
    key_[2 * i] = static_cast<uint32_t>(seed[i]);
    key_[2 * i + 1] = static_cast<uint32_t>(seed[i] >> 32);
  }
}

uint64_t RandomGenerator::Next() {
  if (ready_count_ == 0) {
    Refill();
  }
  uint64_t& number = ready_[--ready_count_];
  uint64_t result = number;
  number = 0;
  return result;
}

void RandomGenerator::Refill() {
  const std::array<uint32_t, 16> block = ChachaBlock(key_);
  for (uint32_t i = 0; i < key_.size(); ++i) {
    key_[i] = block[i];
  }
  for (uint32_t i = 0; i < ready_.size(); ++i) {
    ready_[i] = (uint64_t{block[8 + 2 * i]} << 32) | block[9 + 2 * i];
  }
  ready_count_ = static_cast<uint32_t>(ready_.size());
}

void SeedRandom(const std::array<uint64_t, 4>& seed) { generator = RandomGenerator(seed); }

uint64_t RandomNumber() { return generator.Next(); }

}  // namespace gk
