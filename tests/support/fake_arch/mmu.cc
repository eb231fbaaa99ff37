#include "tests/support/fake_arch/mmu.h"

#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/tlb.h"
#include "guest/kernel/arch/x86_64/page_table_entry.h"
#include "guest/kernel/vm/pmm.h"

namespace gk {
namespace fake_arch {
namespace {

using arch::kEntryAddress;
using arch::kEntryCacheDisable;
using arch::kEntryLarge;
using arch::kEntryNoExecute;
using arch::kEntryPresent;
using arch::kEntryUser;
using arch::kEntryWritable;

// Address bits that a CPU of this machine has (MAXPHYADDR), and the bits that software must leave clear.
constexpr unsigned kAddressBits = 46;
constexpr uint64_t kReserved = (uint64_t{1} << 52) - (uint64_t{1} << kAddressBits);

struct Mmu {
  MmuStatistics statistics;
  std::unordered_map<const uint64_t*, uint64_t> stale;  // removed, but a CPU may still use it
  uint64_t* late_slot = nullptr;                        // an entry that is not in memory yet
  uint64_t late_value = 0;
};

Mmu& mmu() {
  static Mmu* instance = new Mmu;
  return *instance;
}

[[noreturn]] void Violation(const char* what, const uint64_t* slot, uint64_t old_value, uint64_t value) {
  std::fprintf(stderr, "fake MMU: %s: slot %p, %#llx -> %#llx\n", what, static_cast<const void*>(slot),
               static_cast<unsigned long long>(old_value), static_cast<unsigned long long>(value));
  std::abort();
}

bool IsPresent(uint64_t entry) { return (entry & kEntryPresent) != 0; }

arch::Caching CachingOf(uint64_t leaf) {
  if ((leaf & kEntryCacheDisable) != 0) {
    return arch::Caching::kUncached;
  }
  return (leaf & arch::kEntryWriteThrough) != 0 ? arch::Caching::kWriteCombining : arch::Caching::kCached;
}

// Only entries that lead to a table are writable and executable, and only they name a page that is a table.
bool LeadsToTable(uint64_t entry) {
  const bool permits_all = (entry & kEntryWritable) != 0 && (entry & kEntryNoExecute) == 0;
  const Page* page = PageOf(entry & kEntryAddress);
  return permits_all && page != nullptr && page->state == PageState::kTable;
}

uint64_t LeafSize(uint64_t entry) { return (entry & kEntryLarge) != 0 ? base::kLargePageSize : kPageSize; }

const char* CheckEntry(uint64_t entry) {
  if ((entry & kReserved) != 0) {
    return "reserved bits";
  }
  if (LeadsToTable(entry)) {
    return nullptr;
  }
  if ((entry & kEntryWritable) != 0 && (entry & kEntryNoExecute) == 0) {
    return "writable and executable";
  }
  if ((entry & kEntryAddress) % LeafSize(entry) != 0) {
    return "misaligned frame";
  }
  if ((entry & (kEntryCacheDisable | arch::kEntryWriteThrough)) == 0 &&
      !IsRam(entry & kEntryAddress, LeafSize(entry))) {
    return "frame outside RAM";
  }
  return nullptr;
}

// Splitting a 2 MiB leaf is the one change of what a present entry names: the table must say what the leaf said.
bool IsFaithfulSplit(uint64_t leaf, uint64_t table) {
  if ((leaf & kEntryLarge) == 0 || !LeadsToTable(table)) {
    return false;
  }
  const auto* entries = arch::PhysicalToVirtual<uint64_t>(table & kEntryAddress);
  for (uint64_t i = 0; i < base::kPagesPerLargePage; ++i) {
    if (entries[i] != (leaf & ~kEntryLarge) + i * kPageSize) {
      return false;
    }
  }
  return true;
}

bool NameSameFrame(uint64_t a, uint64_t b) {
  return (a & kEntryAddress) == (b & kEntryAddress) && LeadsToTable(a) == LeadsToTable(b);
}

}  // namespace

void ResetMmu() { mmu() = Mmu{}; }

MmuStatistics GetMmuStatistics() { return mmu().statistics; }

void OnStore(const uint64_t* slot, uint64_t old_value, uint64_t value) {
  ++mmu().statistics.stores;
  const Page* table = PageOf(arch::VirtualToPhysical(slot));
  if (table == nullptr || table->state != PageState::kTable) {
    Violation("store outside a page table", slot, old_value, value);
  }
  if (const char* defect = IsPresent(value) ? CheckEntry(value) : nullptr; defect != nullptr) {
    Violation(defect, slot, old_value, value);
  }
  if (IsPresent(old_value) && IsPresent(value) && !NameSameFrame(old_value, value) &&
      !IsFaithfulSplit(old_value, value)) {
    Violation("other frame without removal", slot, old_value, value);
  }
  const auto stale = mmu().stale.find(slot);
  if (stale != mmu().stale.end() && IsPresent(value) && (stale->second & kEntryAddress) != (value & kEntryAddress)) {
    Violation("other frame without invalidation", slot, stale->second, value);
  }
  if (IsPresent(old_value) && !IsPresent(value)) {
    mmu().stale[slot] = old_value;
  }
}

void OnInvalidation(CpuMask cpus) {
  ++mmu().statistics.invalidations;
  mmu().statistics.last_invalidated = cpus;
  for (const auto& [slot, old_value] : mmu().stale) {
    const Page* page = PageOf(old_value & kEntryAddress);
    if (page != nullptr && (page->state == PageState::kFree || page->state == PageState::kFreeTail)) {
      Violation("frame freed before the invalidation", slot, old_value, 0);
    }
  }
  mmu().stale.clear();
}

// As user code sees it, which runs only when everything is in memory.
std::optional<arch::Translation> Walk(PhysicalAddress root, VirtualAddress address) {
  arch::SettlePageTableEntries();
  bool writable = true;
  bool user = true;
  bool executable = true;
  PhysicalAddress table = root;
  for (unsigned shift = 39;; shift -= 9) {
    const uint64_t entry = arch::PhysicalToVirtual<uint64_t>(table)[(address >> shift) & 511];
    if (!IsPresent(entry)) {
      return std::nullopt;
    }
    writable = writable && (entry & kEntryWritable) != 0;
    user = user && (entry & kEntryUser) != 0;
    executable = executable && (entry & kEntryNoExecute) == 0;
    const bool leaf = shift == 12 || (shift == 21 && (entry & kEntryLarge) != 0);
    if (leaf) {
      const uint64_t size = uint64_t{1} << shift;
      return arch::Translation{.address = ((entry & kEntryAddress) & ~(size - 1)) + (address & (size - 1)),
                               .attributes = {.access = {.read = true, .write = writable, .execute = executable},
                                              .user = user,
                                              .caching = CachingOf(entry),
                                              .accessed = (entry & arch::kEntryAccessed) != 0},
                               .dirty = (entry & arch::kEntryDirty) != 0,
                               .leaf_size = size};
    }
    table = entry & kEntryAddress;
  }
}

void MarkAccessed(PhysicalAddress root, VirtualAddress address) {
  arch::SettlePageTableEntries();
  PhysicalAddress table = root;
  for (int shift = 39;; shift -= 9) {
    uint64_t& entry = arch::PhysicalToVirtual<uint64_t>(table)[(address >> shift) & 511];
    if (!IsPresent(entry)) {
      return;
    }
    if (shift == 12 || (shift == 21 && (entry & kEntryLarge) != 0)) {
      entry |= arch::kEntryAccessed;
      return;
    }
    table = entry & kEntryAddress;
  }
}

}  // namespace fake_arch

namespace arch {

void StorePageTableEntry(uint64_t* slot, uint64_t value) {
  fake_arch::OnStore(slot, *slot, value);
  *slot = value;
}

void StorePageTableEntryLate(uint64_t* slot, uint64_t value) {
  SettlePageTableEntries();
  fake_arch::mmu().late_slot = slot;
  fake_arch::mmu().late_value = value;
}

void SettlePageTableEntries() {
  if (uint64_t* slot = std::exchange(fake_arch::mmu().late_slot, nullptr)) {
    StorePageTableEntry(slot, fake_arch::mmu().late_value);
  }
}

void InvalidateAddressSpace(CpuMask running) { fake_arch::OnInvalidation(running); }
void InvalidateKernelSpace() { fake_arch::OnInvalidation(0); }

}  // namespace arch
}  // namespace gk
