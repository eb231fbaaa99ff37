// How a hostile guest changes its memory: a store of any size, at any place, most often where the rings are.
#pragma once

#include <cstdint>

#include "tests/devices/support/test_memory.h"
#include "tests/fuzz/fuzz_input.h"

namespace test {

// Bytes from the start of memory in which rings and small structures lie: what is worth overwriting.
inline constexpr uint32_t kInterestingBytes = 0x2000;

inline void StoreSomething(TestMemory& memory, FuzzInput& input) {
  const uint64_t address = TestMemory::kBase + input.Below(kInterestingBytes);
  switch (input.Below(4)) {
    case 0:
      return memory.Store(address, input.Take<uint8_t>());
    case 1:
      return memory.Store(address, input.Take<uint16_t>());
    case 2:
      return memory.Store(address, input.Take<uint32_t>());
    default:  // an address in or near RAM: others are refused at the first look
      return memory.Store(address, TestMemory::kBase + input.Take<uint32_t>() % (TestMemory::kSize + 64));
  }
}

}  // namespace test
