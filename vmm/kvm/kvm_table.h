// The tables that some KVM ioctls take: a count, padding, then the entries.
//
// <linux/kvm.h> declares them with a flexible array member which, in C++ and with the headers of Debian 12, puts the
// entries in the wrong place and the wrong size into the ioctl's number. So the layout is written down here, and the
// numbers are made from what the structures measure in C.
#pragma once

#include <linux/kvm.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vmm {

struct KvmTableHeader {
  uint32_t count;
  uint32_t padding;
};
static_assert(sizeof(KvmTableHeader) == 8);

template <typename Entry, size_t kCapacity>
struct KvmTable {
  KvmTableHeader header;
  Entry entries[kCapacity];

  static KvmTable WithRoom() { return {.header = {.count = kCapacity, .padding = 0}, .entries = {}}; }
  // Precondition: `from` is no longer than kCapacity.
  static KvmTable Holding(std::span<const Entry> from) {
    KvmTable table = {.header = {.count = static_cast<uint32_t>(from.size()), .padding = 0}, .entries = {}};
    std::copy(from.begin(), from.end(), table.entries);
    return table;
  }
};

// KVM's own limit is 256 (KVM_MAX_CPUID_ENTRIES), today's CPUs need about 80.
inline constexpr size_t kMaxCpuidEntries = 256;
using KvmCpuidTable = KvmTable<kvm_cpuid_entry2, kMaxCpuidEntries>;
static_assert(offsetof(KvmCpuidTable, entries) == 8);

// One for each interrupt line; more than there can be devices.
inline constexpr size_t kMaxInterruptRoutes = 64;
using KvmRoutingTable = KvmTable<kvm_irq_routing_entry, kMaxInterruptRoutes>;
static_assert(offsetof(KvmRoutingTable, entries) == 8);

inline constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, KvmTableHeader);
inline constexpr unsigned long kSetGsiRouting = _IOW(KVMIO, 0x6a, KvmTableHeader);
inline constexpr unsigned long kSetCpuid2 = _IOW(KVMIO, 0x90, KvmTableHeader);

}  // namespace vmm
