#include "tests/benchmarks/resident_memory.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "vmm/cli/exit_codes.h"

namespace bench {
namespace {

// Sizes in bytes.
struct Mapping {
  bool anonymous = false;
  uint64_t size = 0;
  uint64_t resident = 0;
  uint64_t unshared = 0;
};

// proc(5): a mapping begins with a line "START-END PERMISSIONS OFFSET DEVICE INODE [PATH]", on which lines "Key: VALUE
// kB" follow.
bool BeginsMapping(const std::string& first_word) { return first_word.back() != ':'; }

Mapping BeginMapping(std::istringstream& words) {
  std::string permissions;
  std::string offset;
  std::string device;
  std::string inode;
  std::string path;
  words >> permissions >> offset >> device >> inode >> path;
  return {.anonymous = inode == "0" && path.empty()};
}

void AddToMapping(const std::string& key, std::istringstream& words, Mapping& mapping) {
  constexpr uint64_t kKib = 1024;
  uint64_t value = 0;
  if (!(words >> value)) {
    return;
  }
  if (key == "Size:") {
    mapping.size = value * kKib;
  } else if (key == "Rss:") {
    mapping.resident = value * kKib;
  } else if (key == "Private_Clean:" || key == "Private_Dirty:") {
    mapping.unshared += value * kKib;
  }
}

std::vector<Mapping> ParseMappings(const std::string& smaps) {
  std::vector<Mapping> mappings;
  std::istringstream lines(smaps);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    if (!(words >> first)) {
      continue;
    }
    if (BeginsMapping(first)) {
      mappings.push_back(BeginMapping(words));
    } else if (!mappings.empty()) {
      AddToMapping(first, words, mappings.back());
    }
  }
  return mappings;
}

}  // namespace

vmm::Result<ResidentMemory> ResidentBesideGuestMemory(const std::string& smaps, uint64_t guest_memory) {
  ResidentMemory memory = {};
  int candidates = 0;
  for (const Mapping& mapping : ParseMappings(smaps)) {
    if (mapping.anonymous && mapping.size == guest_memory) {
      ++candidates;
      continue;
    }
    memory.total += mapping.resident;
    memory.unshared += mapping.unshared;
  }
  if (candidates != 1) {
    return base::Failure{
        vmm::Error(vmm::kExitHostFailure,
                   fmt::format("{} mappings of the monitor look like the guest's RAM, not one", candidates))};
  }
  return memory;
}

vmm::Result<ResidentMemory> ResidentBesideGuestMemory(pid_t pid, uint64_t guest_memory) {
  const std::string path = fmt::format("/proc/{}/smaps", pid);
  std::ifstream file(path);
  if (!file) {
    return vmm::HostFailure(errno, path);
  }
  return ResidentBesideGuestMemory(std::string(std::istreambuf_iterator<char>(file), {}), guest_memory);
}

}  // namespace bench
