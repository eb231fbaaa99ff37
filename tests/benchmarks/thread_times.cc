#include "tests/benchmarks/thread_times.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench {
namespace {

// The number behind `key` in a file of lines "KEY VALUE".
uint64_t ValueOf(const std::filesystem::path& path, const std::string& key) {
  std::ifstream file(path);
  std::string name;
  uint64_t value = 0;
  while (file >> name >> value) {
    if (name == key) {
      return value;
    }
  }
  return 0;
}

}  // namespace

vmm::Result<ThreadTimes> TimesBesideCpus(pid_t pid) {
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  std::error_code error;
  ThreadTimes times = {};
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name.starts_with("vcpu ")) {
      continue;
    }
    uint64_t nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    times.seconds += static_cast<double>(nanoseconds) / 1e9;
    times.reads += ValueOf(task.path() / "io", "syscr:");
  }
  if (error) {
    return vmm::HostFailure(error.value(), tasks);
  }
  return times;
}

}  // namespace bench
