#include "guest/kernel/object/handle_value.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <unordered_set>

namespace gk {
namespace {

constexpr HandleSlot kLast{.index = (1u << HandleValueCoder::kIndexBits) - 1,
                           .generation = (1u << HandleValueCoder::kGenerationBits) - 1};

TEST(HandleValue, EveryKeyGivesValuesThatDecodeToTheirSlot) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 1000; ++round) {
    const HandleValueCoder coder(random());
    for (HandleSlot slot : {HandleSlot{0, 0}, HandleSlot{1, 0}, HandleSlot{0, 1}, kLast,
                            HandleSlot{static_cast<uint32_t>(random() & kLast.index),
                                       static_cast<uint32_t>(random() & kLast.generation)}}) {
      EXPECT_EQ(coder.Decode(coder.Encode(slot)), slot);
    }
  }
}

TEST(HandleValue, ValuesHaveZirconsFixedBitsAndAreNeitherZeroNorNegative) {
  for (uint64_t key : {uint64_t{0}, uint64_t{1}, UINT64_MAX, uint64_t{0x0123456789abcdef}}) {
    const HandleValueCoder coder(key);
    for (uint32_t index = 0; index < 5000; ++index) {
      const zx_handle_t value = coder.Encode({.index = index, .generation = 0});
      EXPECT_EQ(value & ZX_HANDLE_FIXED_BITS_MASK, ZX_HANDLE_FIXED_BITS_MASK);
      EXPECT_GT(static_cast<int32_t>(value), 0);
    }
  }
}

TEST(HandleValue, NoTwoSlotsShareAValue) {
  const HandleValueCoder coder(42);
  std::unordered_set<zx_handle_t> seen;
  for (uint32_t index = 0; index <= kLast.index; ++index) {
    EXPECT_TRUE(seen.insert(coder.Encode({.index = index, .generation = 7})).second);
  }
}

TEST(HandleValue, NeighbouringSlotsHaveUnrelatedValues) {
  // One value known, the next one is not "the same with a bit changed": on average half the bits differ.
  const HandleValueCoder coder(0x5eed5eed5eed5eed);
  int changed_bits = 0;
  constexpr int kPairs = 1000;
  for (uint32_t index = 0; index < kPairs; ++index) {
    changed_bits += std::popcount(coder.Encode({.index = index, .generation = 0}) ^
                                  coder.Encode({.index = index + 1, .generation = 0}));
  }
  EXPECT_GT(changed_bits, 8 * kPairs);
}

TEST(HandleValue, AnotherKeyGivesOtherValues) {
  const HandleValueCoder one(1111), other(2222);
  int same = 0;
  for (uint32_t index = 0; index < 1000; ++index) {
    same += one.Encode({.index = index, .generation = 0}) == other.Encode({.index = index, .generation = 0}) ? 1 : 0;
  }
  EXPECT_LE(same, 1);
}

TEST(HandleValue, WhatHasNotTheFormOfAValueDecodesToNothing) {
  const HandleValueCoder coder(99);
  const zx_handle_t value = coder.Encode({.index = 3, .generation = 4});
  EXPECT_EQ(coder.Decode(ZX_HANDLE_INVALID), std::nullopt);
  EXPECT_EQ(coder.Decode(value & ~1u), std::nullopt);
  EXPECT_EQ(coder.Decode(value & ~2u), std::nullopt);
  EXPECT_EQ(coder.Decode(value | 0x8000'0000u), std::nullopt);
}

}  // namespace
}  // namespace gk
