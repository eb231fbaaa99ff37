#include "tests/benchmarks/statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bench {
namespace {

double Quantile(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

// How many samples of `count`, from either end, lie outside of the median's interval. Each sample is below the true
// median as often as a coin falls: by the normal form of the binomial distribution.
size_t OutsideOfMedian(size_t count) {
  constexpr double kQuantile = 1.96;
  const double outside = (static_cast<double>(count) - kQuantile * std::sqrt(static_cast<double>(count))) / 2;
  return outside < 1 ? 0 : static_cast<size_t>(outside) - 1;
}

}  // namespace

Summary Summarize(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const size_t outside = OutsideOfMedian(samples.size());
  return {.runs = samples.size(),
          .lower_quartile = Quantile(samples, 0.25),
          .median = Quantile(samples, 0.5),
          .upper_quartile = Quantile(samples, 0.75),
          .median_at_least = samples[outside],
          .median_at_most = samples[samples.size() - 1 - outside]};
}

double CostInSequence(const std::vector<double>& samples) {
  const size_t periods = samples.size() / kPeriod;
  double sum = 0;
  for (size_t place = 0; place < kPeriod; ++place) {
    std::vector<double> same_place(periods);
    for (size_t i = 0; i < periods; ++i) {
      same_place[i] = samples[i * kPeriod + place];
    }
    sum += Summarize(std::move(same_place)).median;
  }
  return sum / kPeriod;
}

}  // namespace bench
