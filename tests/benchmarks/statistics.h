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

}  // namespace bench
