#include "tests/benchmarks/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace bench {
namespace {

// `fraction` of the samples are at most the result. `sorted` is not empty.
double Percentile(const std::vector<double>& sorted, double fraction) {
  const auto place = static_cast<size_t>(std::lround(fraction * static_cast<double>(sorted.size() - 1)));
  return sorted[place];
}

std::vector<double> Sorted(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return samples;
}

// Three digits of a small number, none after the point of a large one.
std::string Number(double value) { return value < 1000 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value); }

}  // namespace

std::string FormatTable(const Report& report) {
  std::string text = fmt::format("{:42}{:>10}{:>10}{:>10}{:>10}\n", "", "best", "median", "95 %", "worst");
  for (const Row& row : report) {
    if (row.samples.empty()) {
      continue;
    }
    const std::vector<double> sorted = Sorted(row.samples);
    text +=
        fmt::format("{:42}{:>10}{:>10}{:>10}{:>10} {}\n", row.name, Number(sorted.front()),
                    Number(Percentile(sorted, 0.5)), Number(Percentile(sorted, 0.95)), Number(sorted.back()), row.unit);
  }
  return text;
}

std::string FormatJson(const Report& report) {
  auto list = nlohmann::ordered_json::array();
  for (const Row& row : report) {
    list.push_back({{"name", row.name}, {"unit", row.unit}, {"samples", row.samples}});
  }
  return list.dump(2) + "\n";
}

std::string PagodaPath() { return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pagoda"; }

}  // namespace bench
