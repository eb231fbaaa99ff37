#include "guest/kernel/object/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "guest/kernel/lib/object_name.h"

namespace gk {
namespace {

TEST(RandomGenerator, TheSameSeedGivesTheSameNumbersAndAnotherSeedOthers) {
  RandomGenerator a({1, 2, 3, 4}), b({1, 2, 3, 4}), c({1, 2, 3, 5});
  for (int i = 0; i < 100; ++i) {
    const uint64_t number = a.Next();
    EXPECT_EQ(number, b.Next());
    EXPECT_NE(number, c.Next());
  }
}

TEST(RandomGenerator, NumbersDoNotRepeatAndAreBalanced) {
  RandomGenerator generator({0, 0, 0, 0});
  std::set<uint64_t> seen;
  int ones = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = generator.Next();
    EXPECT_TRUE(seen.insert(number).second);
    ones += std::popcount(number);
  }
  EXPECT_NEAR(ones, 32000, 1000);
}

TEST(ObjectName, KeepsWhatFitsAndEndsAtANul) {
  const char text[] = "0123456789abcdef0123456789abcdef0123456789";
  EXPECT_EQ(ObjectName(std::span<const char>(text, 40)).text().size(), 31u);
  EXPECT_EQ(ObjectName(std::span<const char>("ab\0cd", 5)).text().size(), 2u);
  EXPECT_EQ(ObjectName(std::span<const char>("ab\0cd", 5)).bytes()[3], '\0');
  EXPECT_TRUE(ObjectName().text().empty());
}

}  // namespace
}  // namespace gk
