// Where guest RAM lies in guest-physical address space (shared/abi/boot_info.h: below the device hole first, then
// above).
#pragma once

#include <cstdint>
#include <vector>

#include "shared/abi/boot_info.h"

namespace vmm {

// The sizes that a machine can have, in bytes. The upper bound keeps every address below 2^39, which every 64-bit CPU
// has.
inline constexpr uint64_t kMinMemorySize = uint64_t{2} << 20;
inline constexpr uint64_t kMaxMemorySize = uint64_t{256} << 30;

// `memory_size`: bytes, a multiple of 2 MiB. Ascending; one range, or two when RAM reaches the device hole.
[[nodiscard]] std::vector<abi::MemoryRange> RamRanges(uint64_t memory_size);

}  // namespace vmm
