// What a vCPU was doing when the machine stopped.
#pragma once

#include <cstdint>

#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

enum class CpuPhase {
  kParked,    // never started
  kRunning,   // its thread may be inside the guest; after a stop: it did not come back (stuck in the host's kernel)
  kFinished,  // its registers can be read
};

struct CpuState {
  uint32_t index;
  CpuPhase phase;  // kRunning: the registers below are unknown (zeros)
  kvm_regs registers;
  kvm_sregs system_registers;
  kvm_fpu fpu;
};

}  // namespace vmm
