// The registers with which a vCPU begins: 64-bit mode, ring 0, interrupts off, as shared/abi/boot_info.h promises.
#pragma once

#include <cstdint>

#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

struct CpuStart {
  uint32_t index;            // also the APIC id; goes into RSI
  uint64_t entry;            // virtual address of the first instruction
  uint64_t boot_info;        // virtual address, goes into RDI
  uint64_t page_table_root;  // guest-physical
};

// General registers at the start.
[[nodiscard]] kvm_regs StartRegisters(const CpuStart& start);

// `reset` (what KVM gives a new vCPU) turned into 64-bit mode. What the contract does not name keeps its reset value.
[[nodiscard]] kvm_sregs StartSystemRegisters(const kvm_sregs& reset, const CpuStart& start);

}  // namespace vmm
