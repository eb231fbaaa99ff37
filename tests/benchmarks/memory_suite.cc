// What the memory calls cost in a guest program, beside what a process of the host pays for the same: vm-bench-probe
// measures the one, host_memory.h the other.
#include "tests/benchmarks/host_memory.h"
#include "tests/benchmarks/suites.h"

namespace bench {
namespace {

constexpr const char* kGuest = "guest program";
constexpr const char* kHost = "host process";
constexpr double kMicrosecondsOfMiBAt4GBs = 1048576.0 / 4e9 * 1e6;

struct Metric {
  const char* name;
  const char* probe_name;  // as vm-bench-probe prints it, in cycles
  bool in_microseconds;
  std::optional<double> target;
  vmm::Result<double> (*on_host)();  // cycles
};

constexpr Metric kMetrics[] = {
    {"map and unmap a page", "map_unmap_page_cycles", false, std::nullopt, &HostMapUnmapCycles},
    {"protect a page", "protect_page_cycles", false, std::nullopt, &HostProtectCycles},
    {"snapshot of 1 MiB", "snapshot_1_mib_cycles", false, std::nullopt, &HostForkOfMiBCycles},
    {"snapshot of 1 GiB", "snapshot_1_gib_cycles", false, std::nullopt, &HostForkOfGiBCycles},
    {"write fault on a snapshot", "snapshot_write_fault_cycles", false, std::nullopt, &HostCopyFaultCycles},
    {"commit 64 MiB", "commit_64_mib_cycles", true, std::nullopt, &HostCommitCycles},
    {"read 1 MiB", "vmo_read_1_mib_cycles", true, kMicrosecondsOfMiBAt4GBs, &HostReadCycles},
    {"write 1 MiB", "vmo_write_1_mib_cycles", true, kMicrosecondsOfMiBAt4GBs, &HostWriteCycles},
};

double InUnit(const Metric& metric, double cycles, double cycles_per_second) {
  return metric.in_microseconds ? cycles / cycles_per_second * 1e6 : cycles;
}

vmm::Result<Values> MeasureGuest(const std::vector<std::string>& command) {
  PAGODA_TRY_ASSIGN(Values printed, RunProbe(command));
  Values values;
  for (const Metric& metric : kMetrics) {
    values[metric.name] = InUnit(metric, printed[metric.probe_name], printed["ticks_per_second"]);
  }
  return values;
}

vmm::Result<Values> MeasureHost() {
  const double cycles_per_second = HostCyclesPerSecond();
  Values values;
  for (const Metric& metric : kMetrics) {
    PAGODA_TRY_ASSIGN(const double cycles, metric.on_host());
    values[metric.name] = InUnit(metric, cycles, cycles_per_second);
  }
  return values;
}

}  // namespace

Suite MakeMemorySuite(const Installation& installation) {
  Suite suite = {.name = "memory", .cases = {}, .figures = {}, .notes = {}};
  suite.cases.push_back(
      {kGuest, [command = RunCommand(installation, {}, {"vm-bench-probe"})] { return MeasureGuest(command); }});
  suite.cases.push_back({kHost, MeasureHost});
  for (const Metric& metric : kMetrics) {
    const char* unit = metric.in_microseconds ? "us" : "cycles";
    suite.figures.push_back({{kGuest, metric.name}, unit, metric.target, FigureName{kHost, metric.name}});
    suite.figures.push_back({{kHost, metric.name}, unit, std::nullopt, std::nullopt});
  }
  suite.notes.emplace_back(
      "memory: the host's rivals are mmap and munmap of a memfd, mprotect, fork with that much memory, the first write "
      "to a private mapping of a memfd, MADV_POPULATE_WRITE, pread and pwrite of a memfd; all with 4 KiB pages. 262 us "
      "for 1 MiB are 4 GB/s. In a snapshot of 1 GiB, and in the process that forks, one page in 16 is there.");
  return suite;
}

}  // namespace bench
