#include "guest/kernel/vm/read_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gk {
namespace {

constexpr size_t kMost = 32;

TEST(ReadAheadTest, AnObjectReadFromItsStartIsReadAheadAtOnceAndEverFurther) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(0, kMost), 4u);
  EXPECT_EQ(ahead.OnMiss(4, kMost), 12u);
  EXPECT_EQ(ahead.OnMiss(16, kMost), 16u);
  EXPECT_EQ(ahead.OnMiss(32, kMost), 32u);
  EXPECT_EQ(ahead.OnMiss(64, kMost), 32u);
}

TEST(ReadAheadTest, RandomMissesReadOnePageEach) {
  ReadAhead ahead;
  for (const PageIndex missing : {70u, 3u, 981u, 500u, 12u, 71000u, 69u}) {
    EXPECT_EQ(ahead.OnMiss(missing, kMost), 1u) << missing;
  }
}

TEST(ReadAheadTest, AStreamAnywhereIsFoundAtItsSecondMiss) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(1000, kMost), 1u);
  EXPECT_EQ(ahead.OnMiss(1001, kMost), 3u);
  EXPECT_EQ(ahead.OnMiss(1004, kMost), 4u);
  EXPECT_EQ(ahead.OnMiss(1008, kMost), 16u);
}

TEST(ReadAheadTest, AReadEndsWhereAMultipleOfItsReachBegins) {
  for (PageIndex start = 0; start < 2 * kMost; ++start) {
    ReadAhead ahead;
    PageIndex position = start + 1000 * kMost;
    size_t reach = 1;
    for (int i = 0; i < 6; ++i) {
      const size_t pages = ahead.OnMiss(position, kMost);
      EXPECT_LE(pages, reach);
      position += pages;
      EXPECT_EQ(position % reach, 0u) << start;
      reach = std::min(4 * reach, kMost);
    }
    EXPECT_EQ(ahead.OnMiss(position, kMost), kMost) << "from here on in whole parts";
  }
}

TEST(ReadAheadTest, InterleavedStreamsDoNotDisturbEachOther) {
  ReadAhead ahead;
  PageIndex next[ReadAhead::kStreams] = {1023, 2047, 3071, 4095};
  for (const size_t expected : {1u, 4u, 12u, 16u, 32u}) {
    for (PageIndex& position : next) {
      EXPECT_EQ(ahead.OnMiss(position, kMost), expected);
      position += expected;
    }
  }
}

TEST(ReadAheadTest, ASmallSkipStaysInTheStreamALargeOneLeavesIt) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(0, kMost), 4u);
  EXPECT_EQ(ahead.OnMiss(7, kMost), 9u);  // within what the last read covered
  EXPECT_EQ(ahead.OnMiss(16 + 16, kMost), 1u);
}

TEST(ReadAheadTest, NeverReadsMoreThanTheProviderOffers) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(0, 1), 1u);
  EXPECT_EQ(ahead.OnMiss(1, 2), 1u);
  EXPECT_EQ(ahead.OnMiss(2, 2), 2u);
}

}  // namespace
}  // namespace gk
