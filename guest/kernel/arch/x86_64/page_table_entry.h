// One entry of an x86-64 page table: its bits, and the one function that writes it (SDM volume 3A, section 4.5.4).
#pragma once

#include <stdint.h>

namespace gk::arch {

inline constexpr uint64_t kEntryPresent = uint64_t{1} << 0;
inline constexpr uint64_t kEntryWritable = uint64_t{1} << 1;
inline constexpr uint64_t kEntryUser = uint64_t{1} << 2;
inline constexpr uint64_t kEntryWriteThrough = uint64_t{1} << 3;
inline constexpr uint64_t kEntryCacheDisable = uint64_t{1} << 4;
inline constexpr uint64_t kEntryAccessed = uint64_t{1} << 5;
inline constexpr uint64_t kEntryDirty = uint64_t{1} << 6;
inline constexpr uint64_t kEntryLarge = uint64_t{1} << 7;  // in level 2 (page directory): a 2 MiB leaf
inline constexpr uint64_t kEntryNoExecute = uint64_t{1} << 63;
inline constexpr uint64_t kEntryAddress = 0x000f'ffff'ffff'f000;

// Writes one entry. The kernel's version is a plain 64-bit store, which the CPU's walker sees as a whole; the hosted
// version (tests/support/fake_arch) also checks what is written.
void StorePageTableEntry(uint64_t* slot, uint64_t value);

// The same for a slot that has no present entry, for which the memory may have it later: when the calling CPU runs user
// code again, or at the next call of SettlePageTableEntries. Kernel lock held; so for the next.
void StorePageTableEntryLate(uint64_t* slot, uint64_t value);

// What was stored is in memory. To be called before page tables are looked at or changed.
void SettlePageTableEntries();

}  // namespace gk::arch
