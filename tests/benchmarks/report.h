// Samples of a benchmark and how they are shown: a table for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

namespace bench {

struct Row {
  std::string name;
  std::string unit;
  std::vector<double> samples;
};

using Report = std::vector<Row>;

// Best, median, 95th percentile and worst of each row that has samples. A row of one sample shows that.
[[nodiscard]] std::string FormatTable(const Report& report);
[[nodiscard]] std::string FormatJson(const Report& report);

// The `pagoda` of the same build.
[[nodiscard]] std::string PagodaPath();

}  // namespace bench
