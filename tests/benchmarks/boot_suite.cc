// What a user pays before a program runs.
//
// The first instruction of main cannot be seen from outside, the first byte that it writes can: the figure contains the
// way of that byte through the console device and the pipe, so it is an upper bound.
#include <chrono>
#include <csignal>
#include <optional>

#include "tests/benchmarks/resident_memory.h"
#include "tests/benchmarks/suites.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC

constexpr double kBootTarget = 15;   // ms
constexpr double kMemoryTarget = 5;  // MiB
constexpr const char* kToMain = "until main wrote";
constexpr const char* kToEnd = "until its end";
constexpr const char* kResident = "resident beside guest RAM";
constexpr const char* kUnshared = "of it not shared";
constexpr const char* kRival = "`true`";

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

vmm::Result<Values> Boot(const std::vector<std::string>& command) {
  const Clock::time_point start = Clock::now();
  integration::Process pagoda(command);
  const bool wrote = pagoda.WaitForOutput("!");
  const double to_main = MillisecondsSince(start);
  const integration::Ending ending = pagoda.Wait();
  const double to_end = MillisecondsSince(start);
  PAGODA_TRY(CheckEnding(ending, wrote ? "boot-probe" : "boot-probe wrote nothing and"));
  return Values{{kToMain, to_main}, {kToEnd, to_end}};
}

vmm::Result<Values> StartTrue() {
  const Clock::time_point start = Clock::now();
  const integration::Ending ending = integration::Execute({"true"});
  const double to_end = MillisecondsSince(start);
  PAGODA_TRY(CheckEnding(ending, "true"));
  return Values{{kToEnd, to_end}};
}

// The guest keeps all its CPUs running, so every thread of the monitor is there.
vmm::Result<Values> MeasureMemory(const std::vector<std::string>& command) {
  constexpr double kMib = 1 << 20;
  integration::Process pagoda(command);
  if (!pagoda.WaitForOutput("spinning")) {
    PAGODA_TRY(CheckEnding(pagoda.Wait(), "spin did not begin, it"));
  }
  const vmm::Result<ResidentMemory> memory = ResidentBesideGuestMemory(pagoda.pid(), kGuestMemory);
  pagoda.Signal(SIGTERM);
  static_cast<void>(pagoda.Wait());
  if (!memory.ok()) {
    return base::Failure{memory.error()};
  }
  return Values{{kResident, static_cast<double>(memory->total) / kMib},
                {kUnshared, static_cast<double>(memory->unshared) / kMib}};
}

void AddBoots(Suite& suite, const Installation& installation, const std::string& cpus) {
  const std::string boot = "boot, vCPUs: " + cpus;
  const FigureName rival = {kRival, kToEnd};
  suite.cases.push_back(
      {boot, [command = RunCommand(installation, {"--cpus", cpus}, {"boot-probe"})] { return Boot(command); }});
  suite.figures.push_back({{boot, kToMain}, "ms", kBootTarget, rival});
  suite.figures.push_back({{boot, kToEnd}, "ms", std::nullopt, rival});
}

void AddMemory(Suite& suite, const Installation& installation, const std::string& cpus) {
  const std::string memory = "memory, vCPUs: " + cpus;
  suite.cases.push_back(
      {memory, [command = RunCommand(installation, {"--cpus", cpus}, {"spin"})] { return MeasureMemory(command); }});
  suite.figures.push_back({{memory, kResident}, "MiB", kMemoryTarget, std::nullopt});
  suite.figures.push_back({{memory, kUnshared}, "MiB", std::nullopt, std::nullopt});
}

}  // namespace

Suite MakeBootSuite(const Installation& installation) {
  Suite suite = {.name = "boot", .cases = {}, .figures = {}, .notes = {}};
  for (const char* cpus : {"1", "2", "8"}) {
    AddBoots(suite, installation, cpus);
  }
  suite.cases.push_back({kRival, StartTrue});
  suite.figures.push_back({{kRival, kToEnd}, "ms", std::nullopt, std::nullopt});
  for (const char* cpus : {"1", "2", "8"}) {
    AddMemory(suite, installation, cpus);
  }
  suite.notes.emplace_back(
      "boot: from before the fork of `pagoda run` until the first byte that main writes has arrived through a pipe, an "
      "upper bound of the first instruction of main. Memory: all mappings of the running monitor but the anonymous one "
      "that is exactly as large as --memory.");
  return suite;
}

}  // namespace bench
