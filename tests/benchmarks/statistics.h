// Figures of repeated measurements. Quartiles and not deviations: what disturbs a measurement only ever makes it
// longer.
#pragma once

#include <cstddef>
#include <vector>

namespace bench {

struct Summary {
  size_t runs;
  double lower_quartile;
  double median;
  double upper_quartile;
  // Between these the median of all that could have been measured lies, with 95 % certainty if there are six samples or
  // more, whatever their distribution is.
  double median_at_least;
  double median_at_most;
};

// `samples`: at least one, in any order. Between two samples the quartile is interpolated.
[[nodiscard]] Summary Summarize(std::vector<double> samples);

// The cost of each page where pages are touched one after the other and some come with others. The first of every
// kPeriod pages is compared with the first of all other periods, the second with the second, and so on; the mean of
// these medians is the result. So it contains what is expensive once in a while, and does not see that the host ran
// something else in between. `samples`: at least one period; what is left over at the end is not counted.
inline constexpr size_t kPeriod = 512;  // a multiple of what one fault or request brings
[[nodiscard]] double CostInSequence(const std::vector<double>& samples);

}  // namespace bench
