#include "tests/benchmarks/growth.h"

#include <cmath>
#include <sstream>

#include "vmm/cli/exit_codes.h"

namespace bench {

double Exponent(const GrowthCurve& curve) {
  const auto count = static_cast<double>(curve.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const GrowthPoint& point : curve) {
    mean_x += std::log(point.size) / count;
    mean_y += std::log(point.cost) / count;
  }
  double together = 0;
  double spread = 0;
  for (const GrowthPoint& point : curve) {
    const double x = std::log(point.size) - mean_x;
    together += x * (std::log(point.cost) - mean_y);
    spread += x * x;
  }
  return together / spread;
}

double LastExponent(const GrowthCurve& curve) { return Exponent({curve.end() - 2, curve.end()}); }

vmm::Result<GrowthCurve> ParseGrowthCurve(const std::string& text) {
  GrowthCurve curve;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    GrowthPoint point = {};
    std::string rest;
    const bool is_point = words >> point.size >> point.cost && !(words >> rest) && point.cost > 0;
    if (!is_point || point.size <= (curve.empty() ? 0 : curve.back().size)) {
      return base::Failure{vmm::Error(vmm::kExitHostFailure, fmt::format("a probe printed '{}'", line))};
    }
    curve.push_back(point);
  }
  if (curve.size() < 2) {
    return base::Failure{vmm::Error(vmm::kExitHostFailure, "a curve of less than two points")};
  }
  return curve;
}

}  // namespace bench
