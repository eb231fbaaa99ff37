// The same guest with a port and without, in fours: with, without, without, with, one right behind the other. A host
// that becomes slower or quicker meanwhile does so for both, and what differs between two fours cancels out in their
// ratios.
#include "tests/benchmarks/idle_port.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "tests/benchmarks/host_file.h"

namespace bench {
namespace {

constexpr const char* kCase = "guest program, --gdb, nobody connected";
constexpr const char* kMetric = "fault, by the same without --gdb";
constexpr size_t kPages = 400;                            // as many faults at random places
constexpr size_t kFileSize = kPages * 64 * size_t{4096};  // pager-probe touches one page in 64

// Cycles of one fault: the way into the guest's kernel, to the pager on the host, and back.
vmm::Result<double> MeasureOnce(const Installation& installation, const std::string& file,
                                const std::vector<std::string>& port) {
  std::vector<std::string> options = {"--pager", fmt::format("f=file:{},ro", file)};
  options.insert(options.end(), port.begin(), port.end());
  const std::vector<std::string> program = {"pager-probe", "f", "random", std::to_string(kPages)};
  PAGODA_TRY_ASSIGN(Values printed, RunProbe(RunCommand(installation, options, program)));
  return printed["touch_cycles"];
}

vmm::Result<Values> MeasureFour(const Installation& installation, const std::string& file) {
  const std::vector<std::string> port = {"--gdb", fmt::format("unix:/tmp/pagoda-bench-port.{}", getpid())};
  PAGODA_TRY_ASSIGN(const double with, MeasureOnce(installation, file, port));
  PAGODA_TRY_ASSIGN(const double without, MeasureOnce(installation, file, {}));
  PAGODA_TRY_ASSIGN(const double without_again, MeasureOnce(installation, file, {}));
  PAGODA_TRY_ASSIGN(const double with_again, MeasureOnce(installation, file, port));
  return Values{{kMetric, 100 * (with + with_again) / (without + without_again)}};
}

}  // namespace

vmm::Result<> AddIdlePort(Suite& suite, const Installation& installation) {
  PAGODA_TRY_ASSIGN(vmm::UniqueFd made, MakeHostFile(kFileSize));
  const auto file = std::make_shared<vmm::UniqueFd>(std::move(made));
  suite.cases.push_back({kCase, [=] { return MeasureFour(installation, PathOfHostFile(*file)); }});
  constexpr double kMostPercent = 102;
  Figure figure = {{kCase, kMetric}, "%", kMostPercent, std::nullopt};
  figure.shows_confidence = true;
  suite.figures.push_back(std::move(figure));
  suite.notes.emplace_back(
      "debug: the cost of the port is the ratio of four runs of a guest, with, without, without, with, of 400 faults "
      "each, which a file pager answers; in brackets is where the median of these ratios lies with 95 % certainty.");
  return {};
}

}  // namespace bench
