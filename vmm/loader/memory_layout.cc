#include "vmm/loader/memory_layout.h"

#include <algorithm>

namespace vmm {

std::vector<abi::MemoryRange> RamRanges(uint64_t memory_size) {
  const uint64_t low = std::min(memory_size, abi::kDeviceHoleBase);
  std::vector<abi::MemoryRange> ranges = {{.base = 0, .size = low}};
  if (memory_size > low) {
    ranges.push_back({.base = abi::kDeviceHoleEnd, .size = memory_size - low});
  }
  return ranges;
}

}  // namespace vmm
