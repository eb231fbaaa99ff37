// The bits of a page-table entry, SDM volume 3A, tables 4-15 to 4-20. The same at every level where nothing is said.
#pragma once

#include <cstdint>

namespace vmm::entry {

inline constexpr uint64_t kPresent = 1u << 0;
inline constexpr uint64_t kWritable = 1u << 1;
inline constexpr uint64_t kUser = 1u << 2;
inline constexpr uint64_t kWriteThrough = 1u << 3;
inline constexpr uint64_t kCacheDisable = 1u << 4;
inline constexpr uint64_t kAccessed = 1u << 5;
inline constexpr uint64_t kDirty = 1u << 6;  // leaves only
inline constexpr uint64_t kLargePage =
    1u << 7;  // levels 2 and 3: a leaf; level 1: an index into the PAT; level 4: reserved
inline constexpr uint64_t kGlobal = 1u << 8;     // leaves only
inline constexpr uint64_t kLargePat = 1u << 12;  // leaves of levels 2 and 3; not part of their address
inline constexpr uint64_t kNoExecute = uint64_t{1} << 63;
inline constexpr uint64_t kAddressMask = 0x000f'ffff'ffff'f000;

inline constexpr int kTopLevel = 4;
inline constexpr uint64_t kEntriesPerTable = 512;

// How many low bits of an address lie below what an entry at `level` decides.
constexpr int Shift(int level) { return 12 + 9 * (level - 1); }
constexpr uint64_t Index(uint64_t address, int level) { return address >> Shift(level) & (kEntriesPerTable - 1); }

// Bits 63 to 47 are all the same (SDM volume 1, section 3.3.7.1).
constexpr bool IsCanonical(uint64_t address) {
  const int64_t upper = static_cast<int64_t>(address) >> 47;
  return upper == 0 || upper == -1;
}

}  // namespace vmm::entry
