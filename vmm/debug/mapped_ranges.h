// What an address space maps, all of it.
#pragma once

#include <cstdint>
#include <vector>

#include "devices/core/guest_memory.h"

namespace vmm {

// Neighbouring pages with the same permissions, all of them in RAM.
struct MappedRange {
  uint64_t address;  // virtual
  uint64_t size;     // bytes
  bool writable;
  bool user;
  bool executable;

  bool operator==(const MappedRange&) const = default;
};

struct MappedRanges {
  std::vector<MappedRange> ranges;  // ascending by address
  bool complete = true;             // false: the tables map more than a sane guest's; what is here came first
};

// Pages outside RAM (device registers) are left out. The work is bounded: tables that point at each other can be read
// as maps of the whole address space.
[[nodiscard]] MappedRanges FindMappedRanges(const dev::GuestMemory& memory, uint64_t root);

}  // namespace vmm
