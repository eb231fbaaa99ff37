// What a guest program pays for the kernel: bench-probe measures it in the guest, and the same is measured in a process
// of the host.
#include <optional>

#include "tests/benchmarks/host_costs.h"
#include "tests/benchmarks/suites.h"

namespace bench {
namespace {

constexpr const char* kGuest = "guest program";
constexpr const char* kHost = "host process";

struct Metric {
  const char* name;
  const char* probe_name;  // as bench-probe prints it
  std::optional<double> target;
};

constexpr Metric kSystemCall = {"null system call", "null_system_call_cycles", 62'000};
constexpr Metric kFault = {"anonymous fault", "anonymous_fault_cycles", 125'000};

vmm::Result<Values> MeasureGuest(const std::vector<std::string>& command) {
  PAGODA_TRY_ASSIGN(const Values printed, RunProbe(command));
  Values values;
  for (const Metric& metric : {kSystemCall, kFault}) {
    const auto value = printed.find(metric.probe_name);
    if (value != printed.end()) {
      values[metric.name] = value->second;
    }
  }
  return values;
}

vmm::Result<Values> MeasureHost() {
  PAGODA_TRY_ASSIGN(const double fault, HostFaultCycles());
  return Values{{kSystemCall.name, HostSystemCallCycles()}, {kFault.name, fault}};
}

}  // namespace

Suite MakeSyscallSuite(const Installation& installation) {
  Suite suite = {.name = "syscall", .cases = {}, .figures = {}, .notes = {}};
  suite.cases.push_back(
      {kGuest, [command = RunCommand(installation, {}, {"bench-probe"})] { return MeasureGuest(command); }});
  suite.cases.push_back({kHost, MeasureHost});
  for (const Metric& metric : {kSystemCall, kFault}) {
    suite.figures.push_back({{kGuest, metric.name}, "cycles", metric.target, FigureName{kHost, metric.name}});
    suite.figures.push_back({{kHost, metric.name}, "cycles", std::nullopt, std::nullopt});
  }
  return suite;
}

}  // namespace bench
