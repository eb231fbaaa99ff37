#include "tests/benchmarks/host_facts.h"

#include <sys/utsname.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/benchmarks/cycles.h"

namespace bench {
namespace {

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown";
}

std::string KernelRelease() {
  utsname names{};
  return uname(&names) == 0 ? names.release : "unknown";
}

// The modules are there in sysfs whether they are loaded or built in.
std::string KindOfKvm() {
  struct Kind {
    const char* module;
    const char* name;
  };
  constexpr std::array kKinds = {
      Kind{"kvm_pvm", "software (kvm_pvm: no virtualization hardware, ring 0 is emulated)"},
      Kind{"kvm_intel", "hardware (VT-x)"},
      Kind{"kvm_amd", "hardware (SVM)"},
  };
  for (const Kind& kind : kKinds) {
    if (std::filesystem::exists(std::filesystem::path("/sys/module") / kind.module)) {
      return kind.name;
    }
  }
  return "unknown";
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

double MeanLoad() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

double MeasureTscFrequency() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const uint64_t start_tsc = ReadTsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::chrono::duration<double> seconds = Clock::now() - start;
  return static_cast<double>(ReadTsc() - start_tsc) / seconds.count();
}

}  // namespace

HostFacts GatherHostFacts() {
  return {.cpu_model = CpuModel(),
          .cpu_count = std::thread::hardware_concurrency(),
          .tsc_frequency = MeasureTscFrequency(),
          .kernel = KernelRelease(),
          .kvm = KindOfKvm(),
          .date = Today(),
          .load = MeanLoad()};
}

}  // namespace bench
