// Quantiles of latencies are right to an eighth.
#include "vmm/observe/latency_histogram.h"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, NothingHasNoQuantile) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5).count(), 0);
  EXPECT_EQ(histogram.count(), 0u);
}

TEST(LatencyHistogram, AQuantileIsWithinAnEighthOfTheValue) {
  for (const int64_t ns : std::initializer_list<int64_t>{1, 7, 8, 9, 100, 1023, 1024, 123456, 9999999, 77000000000}) {
    LatencyHistogram histogram;
    histogram.Add(nanoseconds(ns));
    EXPECT_NEAR(static_cast<double>(histogram.Quantile(0.5).count()), static_cast<double>(ns),
                static_cast<double>(ns) / 8 + 1)
        << ns;
  }
}

TEST(LatencyHistogram, OneInAHundredIsBeyondP99AndNotBelow) {
  LatencyHistogram histogram;
  for (int i = 0; i < 985; ++i) {
    histogram.Add(nanoseconds(1000));
  }
  for (int i = 0; i < 15; ++i) {
    histogram.Add(nanoseconds(1'000'000));
  }
  EXPECT_LT(histogram.Quantile(0.5), nanoseconds(1200));
  EXPECT_LT(histogram.Quantile(0.98), nanoseconds(1200));
  EXPECT_GT(histogram.Quantile(0.99), nanoseconds(800'000));
  EXPECT_EQ(histogram.total(), nanoseconds(985 * 1000 + 15 * 1'000'000));
}

TEST(LatencyHistogram, NegativeAndEndlessTimesHaveAPlace) {
  LatencyHistogram histogram;
  histogram.Add(nanoseconds(-5));
  histogram.Add(nanoseconds::max());
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.CountBelowPower(10), 1u);
}

TEST(LatencyHistogram, CountsBelowPowersOfTwoAddUp) {
  LatencyHistogram histogram;
  histogram.Add(nanoseconds(1023));
  histogram.Add(nanoseconds(1024));
  histogram.Add(nanoseconds(2047));
  EXPECT_EQ(histogram.CountBelowPower(10), 1u);
  EXPECT_EQ(histogram.CountBelowPower(11), 3u);
}

}  // namespace
}  // namespace vmm
