#include "guest/kernel/vm/read_ahead.h"

#include <gtest/gtest.h>

#include <random>

namespace gk {

// So that a failed expectation shows what was read.
void PrintTo(const ReadAhead::Range& range, std::ostream* out) { *out << range.first << ".." << range.end; }

namespace {

constexpr size_t kMost = 32;
constexpr size_t kFar = 512;

testing::AssertionResult Reads(const ReadAhead::Range& range, PageIndex first, PageIndex end) {
  if (range.first == first && range.end == end) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "reads " << range.first << ".." << range.end;
}

TEST(ReadAheadTest, AnObjectReadFromItsStartIsReadAheadAtOnceAndEverFurther) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(0, 1, kMost), 0, 4));
  EXPECT_TRUE(Reads(ahead.OnMiss(4, 1, kMost), 4, 16));
  EXPECT_TRUE(Reads(ahead.OnMiss(16, 1, kMost), 16, 32));
  EXPECT_TRUE(Reads(ahead.OnMiss(32, 1, kMost), 32, 64));
  EXPECT_TRUE(Reads(ahead.OnMiss(64, 1, kMost), 64, 96));
}

TEST(ReadAheadTest, RandomMissesReadOnePageEach) {
  ReadAhead ahead;
  for (const PageIndex missing : {70u, 3u, 981u, 500u, 17u, 400u, 100u, 300u, 200u, 600u, 800u}) {
    EXPECT_TRUE(Reads(ahead.OnMiss(missing, 1, kMost), missing, missing + 1));
    EXPECT_FALSE(ahead.IsDue(missing)) << missing;
  }
}

TEST(ReadAheadTest, AStreamAnywhereIsFoundAtItsSecondMiss) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(1000, 1, kMost), 1000, 1001));
  EXPECT_TRUE(Reads(ahead.OnMiss(1001, 1, kMost), 1001, 1004));
  EXPECT_TRUE(Reads(ahead.OnMiss(1004, 1, kMost), 1004, 1008));
  EXPECT_TRUE(Reads(ahead.OnMiss(1008, 1, kMost), 1008, 1024));
}

TEST(ReadAheadTest, StepsOfOneLengthAreReadWithWhatLiesBetweenFromTheThirdOn) {
  for (const PageIndex stride : {2u, 3u, 8u, 16u}) {
    ReadAhead ahead;
    EXPECT_TRUE(Reads(ahead.OnMiss(1024, 1, kFar), 1024, 1025));
    EXPECT_TRUE(Reads(ahead.OnMiss(1024 + stride, 1, kFar), 1024 + stride, 1025 + stride));
    PageIndex end = 0;
    size_t misses = 0;
    for (PageIndex touched = 1024 + 2 * stride; touched < 1024 + 256 * stride; touched += stride) {
      if (touched >= end) {
        const ReadAhead::Range range = ahead.OnMiss(touched, 1, kFar);
        EXPECT_EQ(range.first, touched) << stride;
        end = range.end;
        ++misses;
      }
    }
    EXPECT_LE(misses, 13u) << stride;
  }
}

TEST(ReadAheadTest, StepsDownwardsAreReadWithWhatLiesBetween) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(1023, 1, kFar), 1023, 1024));
  EXPECT_TRUE(Reads(ahead.OnMiss(1015, 1, kFar), 1015, 1016));
  EXPECT_TRUE(Reads(ahead.OnMiss(1007, 1, kFar), 992, 1008));
  EXPECT_TRUE(Reads(ahead.OnMiss(991, 1, kFar), 896, 992));
}

TEST(ReadAheadTest, StepsOfDifferentLengthsAndLongOnesReadOnePageEach) {
  ReadAhead ahead;
  for (const PageIndex missing : {1000u, 1008u, 1015u, 1021u, 1026u}) {
    EXPECT_TRUE(Reads(ahead.OnMiss(missing, 1, kFar), missing, missing + 1));
  }
  for (PageIndex missing = 5000; missing < 6000; missing += ReadAhead::kLongestStride + 1) {
    EXPECT_TRUE(Reads(ahead.OnMiss(missing, 1, kFar), missing, missing + 1));
  }
}

TEST(ReadAheadTest, AStrideLongerThanWhatMayBeReadIsNone) {
  ReadAhead ahead;
  for (const PageIndex missing : {1000u, 1008u, 1016u, 1024u}) {
    EXPECT_TRUE(Reads(ahead.OnMiss(missing, 1, 8), missing, missing + 1));
  }
}

TEST(ReadAheadTest, AStreamGoesDownwardsToo) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(1023, 1, kMost), 1023, 1024));
  EXPECT_TRUE(Reads(ahead.OnMiss(1022, 1, kMost), 1020, 1023));
  EXPECT_TRUE(Reads(ahead.OnMiss(1019, 1, kMost), 1008, 1020));
  EXPECT_TRUE(Reads(ahead.OnMiss(1007, 1, kMost), 992, 1008));
  EXPECT_TRUE(Reads(ahead.OnMiss(991, 1, kMost), 960, 992));
}

TEST(ReadAheadTest, AStreamThatWentUpDoesNotTurnRound) {
  ReadAhead ahead;
  static_cast<void>(ahead.OnMiss(1000, 1, kMost));
  EXPECT_TRUE(Reads(ahead.OnMiss(1001, 1, kMost), 1001, 1004));
  EXPECT_TRUE(Reads(ahead.OnMiss(999, 1, kMost), 999, 1000));
}

TEST(ReadAheadTest, ReadsEndWhereMultiplesOfTheirReachBeginWhereverTheStreamBegan) {
  for (PageIndex start = 5; start < 200; start += 3) {
    ReadAhead ahead;
    PageIndex position = start;
    for (size_t reach = 1; reach <= kMost; reach = reach == 16 ? 32 : reach * 4) {
      const ReadAhead::Range range = ahead.OnMiss(position, 1, kMost);
      EXPECT_EQ(range.first, position);
      EXPECT_LE(range.end - position, reach);
      EXPECT_EQ(range.end % reach, 0u) << start << " " << position;
      position = range.end;
    }
    EXPECT_TRUE(Reads(ahead.OnMiss(position, 1, kMost), position, position + kMost)) << "from here on in whole parts";
  }
}

TEST(ReadAheadTest, EightStreamsThatTakeTurnsAreToldApart) {
  ReadAhead ahead;
  for (const size_t expected : {1u, 3u, 12u, 16u, 32u, 32u}) {
    for (size_t stream = 1; stream <= ReadAhead::kStreams; ++stream) {
      static size_t positions[ReadAhead::kStreams + 1] = {};
      PageIndex& position = positions[stream];
      position = position == 0 ? stream * 100'000 - stream * 100'000 % 64 : position;
      const ReadAhead::Range range = ahead.OnMiss(position, 1, kMost);
      EXPECT_EQ(range.end - range.first, expected) << stream;
      position = range.end;
    }
  }
}

TEST(ReadAheadTest, AMissALittleFurtherOnBelongsToTheStream) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(0, 1, kMost), 0, 4));
  EXPECT_TRUE(Reads(ahead.OnMiss(7, 1, kMost), 7, 16)) << "within what the last read covered";
  EXPECT_TRUE(Reads(ahead.OnMiss(16 + 16, 1, kMost), 32, 33));
}

TEST(ReadAheadTest, NoMoreIsReadThanIsOffered) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(0, 1, 1), 0, 1));
  EXPECT_TRUE(Reads(ahead.OnMiss(1, 1, 2), 1, 2));
  EXPECT_TRUE(Reads(ahead.OnMiss(2, 1, 2), 2, 4));
}

TEST(ReadAheadTest, WhoSaysWhatHeWantsGetsItAndMoreWhenHeGoesOn) {
  ReadAhead ahead;
  EXPECT_TRUE(Reads(ahead.OnMiss(0, 32, kFar), 0, 32)) << "also at the start";
  EXPECT_TRUE(Reads(ahead.OnMiss(32, 32, kFar), 32, 128));
  EXPECT_TRUE(Reads(ahead.OnMiss(5000, 24, kFar), 5000, 5024));
}

TEST(ReadAheadTest, AShortStreamIsNotReadOn) {
  ReadAhead ahead;
  for (const PageIndex missing : {0u, 4u}) {
    const ReadAhead::Range range = ahead.OnMiss(missing, 1, kFar);
    for (PageIndex page = range.first; page < range.end; ++page) {
      EXPECT_FALSE(ahead.IsDue(page)) << page;
    }
  }
}

// The ends of what was asked for stay two reaches before the reader.
TEST(ReadAheadTest, AFarStreamIsReadOnBeforeItsReaderComesToTheEnd) {
  ReadAhead ahead;
  for (const PageIndex missing : {0u, 4u, 16u}) {
    static_cast<void>(ahead.OnMiss(missing, 1, kFar));
  }
  ASSERT_TRUE(ahead.IsDue(16));
  EXPECT_TRUE(Reads(ahead.ReadOn(16, kFar), 64, 256));
  ASSERT_TRUE(ahead.IsDue(16));
  EXPECT_TRUE(Reads(ahead.ReadOn(16, kFar), 256, 512));
  ASSERT_TRUE(ahead.IsDue(16));
  EXPECT_TRUE(Reads(ahead.ReadOn(16, kFar), 512, 1024));
  ASSERT_TRUE(ahead.IsDue(16));
  EXPECT_TRUE(Reads(ahead.ReadOn(16, kFar), 1024, 1536));
  EXPECT_FALSE(ahead.IsDue(16));
  EXPECT_FALSE(ahead.IsDue(511));
  EXPECT_TRUE(ahead.IsDue(512));
  EXPECT_TRUE(Reads(ahead.ReadOn(512, kFar), 1536, 2048));
  EXPECT_FALSE(ahead.IsDue(512));
  EXPECT_FALSE(ahead.IsDue(5000)) << "who is elsewhere does not push it on";
}

// What is there, or on its way, was brought by the host: it is not to race for the same pages.
TEST(ReadAheadTest, AStreamKeepsItsDistanceToAHostThatReadsAhead) {
  ReadAhead ahead;
  for (const PageIndex missing : {0u, 4u, 16u, 64u, 256u}) {
    static_cast<void>(ahead.OnMiss(missing, 1, kFar));
  }
  EXPECT_TRUE(Reads(ahead.ReadOn(256, kFar), 512, 1024));
  ahead.OnReadOn(false);
  EXPECT_FALSE(ahead.IsDue(511));
  ASSERT_TRUE(ahead.IsDue(512));
  EXPECT_TRUE(Reads(ahead.ReadOn(512, kFar), 1024, 1536));
  ahead.OnReadOn(true);
  EXPECT_TRUE(ahead.IsDue(512)) << "the host has fallen back";
}

TEST(ReadAheadTest, AFarStreamThatGoesDownEndsAtTheStartOfTheObject) {
  ReadAhead ahead;
  for (const PageIndex missing : {1023u, 1022u, 1019u, 1007u}) {
    static_cast<void>(ahead.OnMiss(missing, 1, kFar));
  }
  ASSERT_TRUE(ahead.IsDue(1007));
  EXPECT_TRUE(Reads(ahead.ReadOn(1007, kFar), 768, 960));
  EXPECT_TRUE(Reads(ahead.ReadOn(1007, kFar), 512, 768));
  EXPECT_TRUE(Reads(ahead.ReadOn(1007, kFar), 0, 512));
  EXPECT_FALSE(ahead.IsDue(1007)) << "there is nothing below";
  EXPECT_FALSE(ahead.IsDue(0));
}

TEST(ReadAheadTest, PagesThatHaveGoneBeforeTheyWereUsedMakeItReachLessFar) {
  ReadAhead ahead;
  for (const PageIndex missing : {0u, 4u, 16u}) {
    static_cast<void>(ahead.OnMiss(missing, 1, kFar));
  }
  while (ahead.IsDue(16)) {
    static_cast<void>(ahead.ReadOn(16, kFar));  // up to 1536
  }
  EXPECT_TRUE(Reads(ahead.OnMiss(700, 1, kFar), 700, 768)) << "a reach of 128";
  EXPECT_TRUE(Reads(ahead.OnMiss(750, 1, kFar), 750, 768)) << "of 32";
  EXPECT_FALSE(ahead.IsDue(750));
}

// Whatever comes: the page is in the read, which is no longer than offered or wanted.
TEST(ReadAheadTest, EveryReadHasThePageAndIsNotTooLong) {
  std::minstd_rand random(7);
  for (int round = 0; round < 200; ++round) {
    ReadAhead ahead;
    PageIndex at = random() % 4096;
    for (int step = 0; step < 200; ++step) {
      const size_t most = size_t{1} << random() % 10;
      const size_t wanted = random() % 4 == 0 ? 1 + random() % 64 : 1;
      const ReadAhead::Range range = ahead.OnMiss(at, wanted, most);
      ASSERT_LE(range.first, at);
      ASSERT_LT(at, range.end);
      ASSERT_LE(range.end - range.first, std::max(most, wanted));
      for (int i = 0; i < 100 && ahead.IsDue(at); ++i) {
        const ReadAhead::Range further = ahead.ReadOn(at, most);
        ASSERT_LT(further.first, further.end);
        ASSERT_LE(further.end - further.first, most);
      }
      ASSERT_FALSE(ahead.IsDue(at) && most >= ReadAhead::kFarReach) << "it comes to an end";
      const uint32_t turn = random() % 8;
      at = turn == 0 ? random() % 4096 : turn < 5 ? range.end : range.first != 0 ? range.first - 1 : range.end + 3;
    }
  }
}

}  // namespace
}  // namespace gk
