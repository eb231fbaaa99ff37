// The local APIC in x2APIC mode: timer, interrupts between CPUs, end of interrupt. Intel SDM volume 3A, chapter 11.
//
// Each register is an MSR, and each write a trap to ring 0, so the writes are few: end-of-interrupt goes through the
// flag that KVM shares with the guest (KVM_FEATURE_PV_EOI), or is left to a host that does it anyway, the timer is
// moved only when it must be (Scheduler::ArmTimer).
#pragma once

#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "shared/abi/boot_info.h"

namespace gk::arch {

// Once per CPU, on that CPU.
void StartApic(PerCpu& cpu, const abi::BootInfo& boot);

// Ends the interrupt that the CPU is handling. Kernel lock held.
void EndInterrupt(PerCpu& cpu, uint64_t vector);

}  // namespace gk::arch
