// A stopped CPU's registers in gdb's terms, and back. Pure.
#pragma once

#include "vmm/debug/cpu_context.h"
#include "vmm/gdb/registers.h"

namespace vmm {

struct CpuRegisters {
  CpuContext context;
  kvm_sregs system;
  kvm_fpu fpu;
};

[[nodiscard]] gdb::Registers ToGdb(const CpuRegisters& cpu);
// The same as KVM has them, wherever the CPU is.
[[nodiscard]] gdb::Registers ToGdb(const kvm_regs& general, const kvm_sregs& system, const kvm_fpu& fpu);

// What of `wanted` differs goes into `cpu`. False, with `cpu` unchanged, where one of the registers cannot be changed:
// selectors and control registers.
[[nodiscard]] bool FromGdb(const gdb::Registers& wanted, CpuRegisters& cpu);

}  // namespace vmm
