// The records of shared/abi/debug_call.h that are for the monitor itself. What does not parse is left out. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmm {

struct ModuleRecord {
  uint64_t process;  // koid
  uint64_t root;
  uint64_t bias;
  uint64_t base;
  uint64_t end;
  std::string process_name;
  std::string name;
};
[[nodiscard]] std::vector<ModuleRecord> ParseModuleRecords(std::string_view text);

struct CpuRecord {
  uint64_t cpu;
  uint64_t process;  // koid; 0: no user thread
  uint64_t thread;
  std::string process_name;
  std::string thread_name;
};
[[nodiscard]] std::vector<CpuRecord> ParseCpuRecords(std::string_view text);

}  // namespace vmm
