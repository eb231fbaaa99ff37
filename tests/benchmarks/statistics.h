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
};

// `samples`: at least one, in any order. Between two samples the quartile is interpolated.
[[nodiscard]] Summary Summarize(std::vector<double> samples);

// The cost of each page where pages are touched one after the other and some come with others: the samples are summed
// in groups of kPagesPerGroup, as many as one request brings at most, and the median group counts. Unlike the
// mean of all it does not see that the host ran something else in between. `samples`: at least one group; what is left
// over at the end is not counted.
inline constexpr size_t kPagesPerGroup = 32;
[[nodiscard]] double CostInSequence(const std::vector<double>& samples);

}  // namespace bench
