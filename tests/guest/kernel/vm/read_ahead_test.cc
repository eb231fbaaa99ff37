#include "guest/kernel/vm/read_ahead.h"

#include <gtest/gtest.h>

namespace gk {
namespace {

constexpr size_t kMost = 32;

TEST(ReadAheadTest, AnObjectReadFromItsStartIsReadAheadAtOnceAndEverFurther) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(0, kMost), 4u);
  EXPECT_EQ(ahead.OnMiss(4, kMost), 16u);
  EXPECT_EQ(ahead.OnMiss(20, kMost), 32u);
  EXPECT_EQ(ahead.OnMiss(52, kMost), 32u);
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
  EXPECT_EQ(ahead.OnMiss(1001, kMost), 4u);
  EXPECT_EQ(ahead.OnMiss(1005, kMost), 16u);
}

TEST(ReadAheadTest, InterleavedStreamsDoNotDisturbEachOther) {
  ReadAhead ahead;
  PageIndex next[ReadAhead::kStreams] = {1000, 2000, 3000, 4000};
  for (const size_t expected : {1u, 4u, 16u, 32u, 32u}) {
    for (PageIndex& position : next) {
      EXPECT_EQ(ahead.OnMiss(position, kMost), expected);
      position += expected;
    }
  }
}

TEST(ReadAheadTest, ASmallSkipStaysInTheStreamALargeOneLeavesIt) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(0, kMost), 4u);
  EXPECT_EQ(ahead.OnMiss(7, kMost), 16u);  // within what the last read covered
  EXPECT_EQ(ahead.OnMiss(23 + 16, kMost), 1u);
}

TEST(ReadAheadTest, NeverReadsMoreThanTheProviderOffers) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.OnMiss(0, 1), 1u);
  EXPECT_EQ(ahead.OnMiss(1, 2), 2u);
  EXPECT_EQ(ahead.OnMiss(3, 2), 2u);
}

}  // namespace
}  // namespace gk
