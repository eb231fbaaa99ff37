// How the cost of each operation of the guest's kernel grows with how much of everything there is: growth-probe
// measures the curves, in guests of their own.
#include "tests/benchmarks/growth_suite.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "tests/benchmarks/growth.h"
#include "tests/benchmarks/statistics.h"
#include "tests/benchmarks/suites.h"
#include "tests/benchmarks/svg_plot.h"

namespace bench {
namespace {

constexpr uint64_t kMuchMemory = uint64_t{1} << 30;

constexpr const char* kFirst = "cost at the smallest";
constexpr const char* kLast = "cost at the largest";
constexpr const char* kLargest = "largest size";
constexpr const char* kExponent = "exponent";
constexpr const char* kEnd = "exponent at the end";
constexpr const char* kPoint = "at ";  // and the size: for plots only

// From 100 to 1000 a plain logarithm has an exponent of 0.18, from 10 to 100 one of 0.3.
constexpr double kLogarithm = 0.3;

enum class Picture : uint8_t { kMemory, kWaiting };

struct GrowthCase {
  const char* probe;  // as growth-probe names the curve
  const char* name;
  Picture picture;
  int cpus;
  bool can_be_logarithmic;
};

constexpr GrowthCase kCases[] = {
    {"vmo-size", "commit a page: pages of a sparse VMO", Picture::kMemory, 1, true},
    {"vmos", "create and close a VMO: VMOs", Picture::kMemory, 1, true},
    {"clones", "read through snapshots: depth", Picture::kMemory, 1, true},
    {"clone-writes", "write in a snapshot: depth", Picture::kMemory, 1, true},
    {"mappings", "map and unmap: mappings", Picture::kMemory, 1, true},
    {"mapping-faults", "fault: mappings", Picture::kMemory, 1, true},
    {"requests", "supply a page: outstanding requests", Picture::kWaiting, 1, true},
    {"threads", "wake a thread and hear of it: threads", Picture::kWaiting, 1, true},
    // Only one is in the kernel at a time, and a host has fewer processors.
    {"vcpus", "null system call: vCPUs that do the same", Picture::kWaiting, 8, false},
};

vmm::Result<Values> MeasureCurve(const Installation& installation, const GrowthCase& curve_case, uint64_t largest) {
  const std::vector<std::string> command =
      RunCommand(installation, {"--cpus", std::to_string(curve_case.cpus)},
                 {"growth-probe", curve_case.probe, std::to_string(largest)}, kMuchMemory);
  const integration::Ending ending = integration::Execute(command);
  PAGODA_TRY(CheckEnding(ending, "the probe"));
  PAGODA_TRY_ASSIGN(const GrowthCurve curve, ParseGrowthCurve(ending.out));
  Values values = {{kFirst, curve.front().cost},
                   {kLast, curve.back().cost},
                   {kLargest, curve.back().size},
                   {kExponent, Exponent(curve)},
                   {kEnd, LastExponent(curve)}};
  for (const GrowthPoint& point : curve) {
    values[fmt::format("{}{}", kPoint, point.size)] = point.cost;
  }
  return values;
}

GrowthCurve CurveOf(const std::map<std::string, std::vector<double>>& metrics) {
  GrowthCurve curve;
  const std::string prefix = kPoint;
  for (const auto& [metric, values] : metrics) {
    if (metric.starts_with(prefix)) {
      curve.push_back({.size = std::stod(metric.substr(prefix.size())), .cost = Summarize(values).median});
    }
  }
  std::sort(curve.begin(), curve.end(), [](const auto& a, const auto& b) { return a.size < b.size; });
  return curve;
}

vmm::Result<> WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  return file.good() ? vmm::Result<>() : vmm::Result<>(vmm::HostFailure(errno, path));
}

}  // namespace

Suite MakeGrowthSuite(const Installation& installation, uint64_t largest) {
  Suite suite = {.name = "growth", .cases = {}, .figures = {}, .most_runs = 1, .notes = {}};
  for (const GrowthCase& curve : kCases) {
    suite.cases.push_back({curve.name, [=] { return MeasureCurve(installation, curve, largest); }});
    suite.figures.push_back({{curve.name, kLargest}, "", std::nullopt, std::nullopt});
    suite.figures.push_back({{curve.name, kFirst}, "cycles", std::nullopt, std::nullopt});
    suite.figures.push_back({{curve.name, kLast}, "cycles", std::nullopt, std::nullopt});
    suite.figures.push_back({{curve.name, kExponent}, "", std::nullopt, std::nullopt});
    const std::optional<double> target = curve.can_be_logarithmic ? std::optional(kLogarithm) : std::nullopt;
    suite.figures.push_back({{curve.name, kEnd}, "", target, std::nullopt});
  }
  suite.notes.emplace_back(
      "growth: each point is the median of 31 operations; one run. Each contains a system call or a fault (suite "
      "syscall), whose traps can hide growth that is smaller. The exponent is that of the power of the size that comes "
      "closest to the curve, and to its last two points: 0 is no growth, 1 is growth in proportion, and a logarithm is "
      "below 0.3 from 10 on. A curve ends early when it has no time or memory left.");
  return suite;
}

vmm::Result<> WriteGrowthPlots(const Samples& samples, const std::string& folder) {
  const auto found = samples.find("growth");
  if (found == samples.end()) {
    return {};
  }
  auto plot_of = [&found](Picture picture, const char* title) {
    Plot plot = {.title = title, .x_label = "size", .y_label = "cycles", .series = {}};
    for (const GrowthCase& curve : kCases) {
      if (const auto metrics = found->second.find(curve.name);
          curve.picture == picture && metrics != found->second.end()) {
        plot.series.push_back({.name = curve.probe, .points = CurveOf(metrics->second)});
      }
    }
    return FormatSvg(plot);
  };
  PAGODA_TRY(WriteFile(folder + "/growth-memory.svg", plot_of(Picture::kMemory, "Memory calls, by how much there is")));
  return WriteFile(folder + "/growth-waiting.svg", plot_of(Picture::kWaiting, "Waiting, by how many wait"));
}

}  // namespace bench
