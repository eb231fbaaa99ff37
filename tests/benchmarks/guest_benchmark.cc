#include "tests/benchmarks/guest_benchmark.h"

#include <array>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/integration/process.h"

namespace bench {
namespace {

struct Figure {
  std::string_view key;  // as bench-probe prints it
  const char* name;
};

constexpr std::array kFigures{
    Figure{"null_system_call_cycles", "null system call"},
    Figure{"anonymous_fault_cycles", "anonymous zero-fill fault, one page"},
    Figure{"anonymous_page_cycles", "anonymous memory in sequence, each page"},
};

// "KEY VALUE" lines; what is not known is left out.
void TakeFigures(const std::string& output, Report& report) {
  std::istringstream lines(output);
  std::string key;
  double value = 0;
  while (lines >> key >> value) {
    for (size_t index = 0; index < kFigures.size(); ++index) {
      if (kFigures[index].key == key) {
        report[index].samples.push_back(value);
      }
    }
  }
}

}  // namespace

std::optional<Report> MeasureGuest(const GuestOptions& options) {
  Report report;
  for (const Figure& figure : kFigures) {
    report.push_back({figure.name, "cycles", {}});
  }
  for (int run = 0; run < options.runs; ++run) {
    const integration::Ending ending =
        integration::Execute({PagodaPath(), "run", "--cpus", std::to_string(options.cpus), "--", "bench-probe"});
    if (ending.code != 0) {
      std::fprintf(stderr, "pagoda-bench: bench-probe ended with code %d: %s\n", ending.code, ending.err.c_str());
      return std::nullopt;
    }
    TakeFigures(ending.out, report);
  }
  return report;
}

}  // namespace bench
