// The guest's memcpy family against plain loops, at every size around the points where the method changes.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/guest/sdk/hosted_libc.h"

namespace {

// Blocks of these sizes take every path: single moves, loops, string instructions, and the edges between them.
std::vector<size_t> InterestingSizes() {
  std::vector<size_t> sizes(140);
  std::iota(sizes.begin(), sizes.end(), 0);
  sizes.insert(sizes.end(), {255, 256, 257, 511, 512, 513, 1000, 4096, 5001});
  return sizes;
}

std::vector<unsigned char> Pattern(size_t size) {
  std::vector<unsigned char> bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<unsigned char>(i * 7 + i / 256);
  }
  return bytes;
}

// On the heap and exactly sized, so that the sanitizer sees a byte too much on either side.
TEST(LibcMemory, CopyMovesExactlyTheBlock) {
  for (const size_t size : InterestingSizes()) {
    const std::vector<unsigned char> from = Pattern(size);
    std::vector<unsigned char> to(size, 0xee);
    EXPECT_EQ(pagoda_libc_memcpy(to.data(), from.data(), size), to.data());
    EXPECT_EQ(to, from) << size;
    EXPECT_EQ(pagoda_libc_mempcpy(to.data(), from.data(), size), to.data() + size);
  }
}

TEST(LibcMemory, MoveAllowsEveryOverlap) {
  for (const size_t size : InterestingSizes()) {
    for (const size_t distance : {size_t{1}, size_t{3}, size_t{15}, size_t{16}, size_t{17}, size_t{40}, size_t{300}}) {
      const std::vector<unsigned char> original = Pattern(size + distance);
      std::vector<unsigned char> up = original;
      pagoda_libc_memmove(up.data() + distance, up.data(), size);
      EXPECT_TRUE(std::equal(up.begin() + static_cast<ptrdiff_t>(distance), up.end(), original.begin()))
          << size << " bytes up by " << distance;
      std::vector<unsigned char> down = original;
      pagoda_libc_memmove(down.data(), down.data() + distance, size);
      EXPECT_TRUE(std::equal(down.begin(), down.begin() + static_cast<ptrdiff_t>(size),
                             original.begin() + static_cast<ptrdiff_t>(distance)))
          << size << " bytes down by " << distance;
    }
  }
}

TEST(LibcMemory, SetFillsExactlyTheBlock) {
  for (const size_t size : InterestingSizes()) {
    std::vector<unsigned char> bytes(size, 1);
    EXPECT_EQ(pagoda_libc_memset(bytes.data(), 0x1a5, size), bytes.data());
    EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0xa5), static_cast<ptrdiff_t>(size));
  }
}

TEST(LibcMemory, CompareFindsTheFirstDifferenceWhereverItIs) {
  for (const size_t size : {size_t{1}, size_t{16}, size_t{33}, size_t{100}}) {
    const std::vector<unsigned char> a = Pattern(size);
    EXPECT_EQ(pagoda_libc_memcmp(a.data(), a.data(), size), 0);
    for (size_t i = 0; i < size; ++i) {
      std::vector<unsigned char> b = a;
      b[i] = static_cast<unsigned char>(a[i] ^ 0x80);
      const int expected = a[i] < b[i] ? -1 : 1;
      EXPECT_GT(pagoda_libc_memcmp(a.data(), b.data(), size) * expected, 0) << i << " of " << size;
      EXPECT_EQ(pagoda_libc_memcmp(a.data(), b.data(), i), 0) << "and not before it";
    }
  }
}

TEST(LibcMemory, SearchFindsTheFirstAndTheLast) {
  const char text[] = "abcabc";
  EXPECT_EQ(pagoda_libc_memchr(text, 'b', 6), text + 1);
  EXPECT_EQ(pagoda_libc_memrchr(text, 'b', 6), text + 4);
  EXPECT_EQ(pagoda_libc_memchr(text, 'x', 6), nullptr);
  EXPECT_EQ(pagoda_libc_memrchr(text, 'c', 2), nullptr);
}

}  // namespace
