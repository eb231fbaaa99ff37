// Curves over logarithmic axes, as an SVG that a browser shows by itself and that two runs can be told apart by in a
// text comparison.
#pragma once

#include <string>
#include <vector>

#include "tests/benchmarks/growth.h"

namespace bench {

struct PlotSeries {
  std::string name;
  GrowthCurve points;
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<PlotSeries> series;  // at most kMaxSeries; those without points are left out
};
inline constexpr size_t kMaxSeries = 8;

// Any text may be in the labels. Without a point anywhere: axes from 1 to 10.
[[nodiscard]] std::string FormatSvg(const Plot& plot);

}  // namespace bench
