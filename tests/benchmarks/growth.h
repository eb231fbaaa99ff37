// How a cost grows with the size of something, in one number: the exponent k of the power size^k that comes closest.
// 0: it does not; 1: in proportion. A logarithm has an exponent that falls towards 0 with the size.
#pragma once

#include <string>
#include <vector>

#include "vmm/base/error.h"

namespace bench {

struct GrowthPoint {
  double size;  // above 0
  double cost;  // above 0
};
using GrowthCurve = std::vector<GrowthPoint>;  // ascending sizes

// By least squares over the logarithms. Precondition: at least two points of different sizes.
[[nodiscard]] double Exponent(const GrowthCurve& curve);
// The same of the last two points.
[[nodiscard]] double LastExponent(const GrowthCurve& curve);

// Lines "SIZE COST", ascending, at least two. Fails on anything else.
vmm::Result<GrowthCurve> ParseGrowthCurve(const std::string& text);

}  // namespace bench
