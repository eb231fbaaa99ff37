// What this host's CPU really does, found out by trying: CPUID cannot say it at CPL 3.
#pragma once

#include "guest/kernel/arch/x86_64/per_cpu.h"

namespace gk::arch {

// Once, on CPU 0, with the final page tables loaded.
void ProbeHost(PerCpu& cpu);

// RDFSBASE and friends work at CPL 3.
[[nodiscard]] bool HasFsBaseInstructions();

// Programs the `syscall` entry of the calling CPU, where ChosenSyscallTrap is kSyscall.
void StartSyscallEntry(const PerCpu& cpu);

}  // namespace gk::arch
