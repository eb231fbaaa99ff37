// What CPUID says to the guest: what KVM supports, with the identity of each CPU put in.
//
// The table is a plain vector; nothing here talks to KVM.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

using CpuidTable = std::vector<kvm_cpuid_entry2>;

struct CpuidIdentity {
  uint32_t index;      // of this CPU, and its APIC id
  uint32_t cpu_count;  // in this machine
  bool tsc_deadline;   // KVM's in-kernel APIC has the TSC-deadline timer; KVM leaves the bit to us
};

// `supported` as one CPU of the machine shows it: APIC ids and topology (leaves 1, 4, 0xb, 0x1f), x2APIC on offer, the
// hypervisor bit set.
[[nodiscard]] CpuidTable CpuidForCpu(const CpuidTable& supported, const CpuidIdentity& identity);

// Bits of BootInfo::cpu_features (shared/abi/boot_info.h) that `table` offers.
[[nodiscard]] uint64_t CpuFeaturesOf(const CpuidTable& table);

// EAX of leaf 0x40000001 (KVM document, cpuid.rst); 0 where KVM offers no paravirtual features.
[[nodiscard]] uint32_t KvmFeaturesOf(const CpuidTable& table);

// What a guest cannot do without: 64-bit mode, no-execute, x2APIC. Each element names one missing feature.
[[nodiscard]] std::vector<const char*> MissingCpuFeatures(const CpuidTable& supported);

}  // namespace vmm
