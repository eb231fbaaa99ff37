#include "tests/benchmarks/statistics.h"

#include <gtest/gtest.h>

#include <numeric>

namespace bench {
namespace {

TEST(Summarize, OneSampleIsAllOfItsFigures) {
  const Summary summary = Summarize({7.5});
  EXPECT_EQ(summary.runs, 1u);
  EXPECT_EQ(summary.lower_quartile, 7.5);
  EXPECT_EQ(summary.median, 7.5);
  EXPECT_EQ(summary.upper_quartile, 7.5);
}

TEST(Summarize, TheOrderOfTheSamplesDoesNotMatter) {
  const Summary summary = Summarize({40, 10, 50, 20, 30});
  EXPECT_EQ(summary.runs, 5u);
  EXPECT_EQ(summary.lower_quartile, 20);
  EXPECT_EQ(summary.median, 30);
  EXPECT_EQ(summary.upper_quartile, 40);
}

TEST(Summarize, BetweenTwoSamplesItInterpolates) {
  const Summary summary = Summarize({10, 20});
  EXPECT_EQ(summary.lower_quartile, 12.5);
  EXPECT_EQ(summary.median, 15);
  EXPECT_EQ(summary.upper_quartile, 17.5);
}

TEST(Summarize, OneWildSampleDoesNotMoveTheMedian) { EXPECT_EQ(Summarize({1, 1, 1, 1, 1'000'000}).upper_quartile, 1); }

TEST(Summarize, TheMediansIntervalIsThatOfTheSignTest) {
  std::vector<double> samples(60);
  std::iota(samples.begin(), samples.end(), 1);
  EXPECT_EQ(Summarize(samples).median_at_least, 22);  // tables of the sign test: 22nd and 39th of 60
  EXPECT_EQ(Summarize(samples).median_at_most, 39);
  EXPECT_EQ(Summarize({3, 1, 2}).median_at_least, 1) << "of few nothing is left out";
  EXPECT_EQ(Summarize({3, 1, 2}).median_at_most, 3);
}

TEST(CostInSequence, SpreadsAnExpensiveTouchOverThePagesThatCameWithIt) {
  std::vector<double> samples(kPeriod * 3, 0);
  for (size_t i = 5; i < samples.size(); i += kPeriod) {
    samples[i] = 100.0 * kPeriod;
  }
  EXPECT_EQ(CostInSequence(samples), 100);
}

TEST(CostInSequence, DoesNotSeeDisturbancesNorAnUnfinishedPeriod) {
  std::vector<double> samples(kPeriod * 3 + 1, 10);
  for (size_t place = 0; place < kPeriod; ++place) {
    samples[place % 3 * kPeriod + place] = 1'000'000;
  }
  samples.back() = 1'000'000;
  EXPECT_EQ(CostInSequence(samples), 10);
}

}  // namespace
}  // namespace bench
