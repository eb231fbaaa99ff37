// The kernel's own memory functions, built under names of their own: the process goes on using the host's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

extern "C" {
void* gk_memcpy(void* destination, const void* source, size_t length);
void* gk_memmove(void* destination, const void* source, size_t length);
void* gk_memset(void* destination, int value, size_t length);
int gk_memcmp(const void* a, const void* b, size_t length);
size_t gk_strlen(const char* text);
}

namespace gk {
namespace {

// Around the widths at which the copying changes its step, and large enough for all of them together.
constexpr size_t kLengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100};
constexpr size_t kSize = 256;

std::vector<uint8_t> Counting() {
  std::vector<uint8_t> bytes(kSize);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  return bytes;
}

TEST(KernelMemory, CopyMovesExactlyTheBytesAtEveryAlignment) {
  const std::vector<uint8_t> source = Counting();
  for (const size_t length : kLengths) {
    for (size_t from = 0; from < 8; ++from) {
      for (size_t to = 0; to < 8; ++to) {
        std::vector<uint8_t> expected(kSize, 0xee);
        std::vector<uint8_t> actual = expected;
        std::memcpy(expected.data() + to, source.data() + from, length);
        EXPECT_EQ(gk_memcpy(actual.data() + to, source.data() + from, length), actual.data() + to);
        ASSERT_EQ(actual, expected);
      }
    }
  }
}

TEST(KernelMemory, MoveIsRightForEveryOverlap) {
  for (const size_t length : kLengths) {
    for (size_t from = 0; from < 40; ++from) {
      for (size_t to = 0; to < 40; ++to) {
        std::vector<uint8_t> expected = Counting();
        std::vector<uint8_t> actual = expected;
        std::memmove(expected.data() + to, expected.data() + from, length);
        EXPECT_EQ(gk_memmove(actual.data() + to, actual.data() + from, length), actual.data() + to);
        ASSERT_EQ(actual, expected) << from << " to " << to << ", " << length;
      }
    }
  }
}

TEST(KernelMemory, SetFillsExactlyTheBytesWithTheLowByte) {
  for (const size_t length : kLengths) {
    std::vector<uint8_t> expected(kSize, 0);
    std::vector<uint8_t> actual = expected;
    std::fill_n(expected.begin() + 3, length, uint8_t{0xa5});
    EXPECT_EQ(gk_memset(actual.data() + 3, 0x12a5, length), actual.data() + 3);
    ASSERT_EQ(actual, expected);
  }
}

TEST(KernelMemory, CompareSeesTheFirstDifferenceAsUnsignedBytes) {
  EXPECT_EQ(gk_memcmp("abc", "abd", 2), 0);
  EXPECT_LT(gk_memcmp("abc", "abd", 3), 0);
  EXPECT_GT(gk_memcmp("\xff", "\x01", 1), 0);
  EXPECT_EQ(gk_memcmp("a", "b", 0), 0);
}

TEST(KernelMemory, LengthOfAStringEndsAtItsTerminator) {
  EXPECT_EQ(gk_strlen(""), 0u);
  EXPECT_EQ(gk_strlen("four"), 4u);
}

}  // namespace
}  // namespace gk
