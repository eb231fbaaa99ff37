#include "tests/benchmarks/boot_benchmark.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/process.h"

namespace bench {
namespace {

constexpr uint64_t kKibPerMib = 1024;
constexpr uint64_t kGuestMemoryMib = 256;

std::vector<std::string> PagodaRun(const BootOptions& options, const std::string& program) {
  return {
      PagodaPath(), "run",  "--memory", std::to_string(kGuestMemoryMib) + "M", "--cpus", std::to_string(options.cpus),
      "--",         program};
}

// Milliseconds until the first byte that the program writes as the first thing in main has come out of the monitor: the
// way of that byte is included, so the truth is a little better.
std::optional<double> BootOnce(const BootOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  integration::Process pagoda(PagodaRun(options, "boot-probe"));
  const bool spoke = pagoda.WaitForOutput("!");
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  const integration::Ending ending = pagoda.Wait();
  if (!spoke || ending.code != 0) {
    std::fprintf(stderr, "pagoda-bench: a boot ended with code %d: %s\n", ending.code, ending.err.c_str());
    return std::nullopt;
  }
  return took.count();
}

// Resident memory of a process outside mappings as large as the guest's RAM, in MiB.
double ResidentBesideGuestMemory(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  uint64_t resident_kib = 0;
  uint64_t mapping_kib = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    uint64_t value = 0;
    words >> key >> value;
    if (key == "Size:") {
      mapping_kib = value;
    } else if (key == "Rss:" && mapping_kib < kGuestMemoryMib * kKibPerMib) {
      resident_kib += value;
    }
  }
  return static_cast<double>(resident_kib) / kKibPerMib;
}

std::optional<double> MonitorMemory(const BootOptions& options) {
  integration::Process pagoda(PagodaRun(options, "spin"));
  if (!pagoda.WaitForOutput("spinning")) {
    std::fprintf(stderr, "pagoda-bench: the guest did not start: %s\n", pagoda.Wait().err.c_str());
    return std::nullopt;
  }
  return ResidentBesideGuestMemory(pagoda.pid());
}

}  // namespace

std::optional<Report> MeasureBoot(const BootOptions& options) {
  std::vector<double> times;
  for (int run = 0; run < options.runs; ++run) {
    const std::optional<double> took = BootOnce(options);
    if (!took) {
      return std::nullopt;
    }
    times.push_back(*took);
  }
  const std::optional<double> memory = MonitorMemory(options);
  if (!memory) {
    return std::nullopt;
  }
  return Report{Row{"process start to main", "ms", times}, Row{"monitor memory beside guest RAM", "MiB", {*memory}}};
}

}  // namespace bench
