// The kernel's side of the nucleus: calling its services, and laying out one area per CPU.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/types.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/lib/status.h"

// Defined in entry.S and called with the C convention. Each traps to ring 0 and back: tens of thousands of cycles on a
// software KVM.
extern "C" {
void NucleusWriteMsr(uint32_t msr, uint64_t value);
uint64_t NucleusReadMsr(uint32_t msr);
void NucleusLoadRoot(uint64_t root);
[[noreturn]] void NucleusIdle();
[[noreturn]] void ResumeUserAt(gk::UserRegisters* registers, uint64_t root, uint8_t* nucleus_data);
[[noreturn]] void CallOnStack(uint64_t stack_top, void (*function)(const void*), const void* argument);
bool RunProbe(gk::arch::PerCpu* cpu, void (*probe)());
void ProbeSyscallInstruction();
void ProbeFsBaseInstruction();
}

namespace gk::arch {

class PageTable;

// Where #DB and #BP lead: into the kernel, or to the monitor's debugger first (shared/abi/debug_trap.h).
enum class DebugGates { kToKernel, kToMonitor };

// Fills CPU `index`'s area: gates of both views, frames, and (for all but CPU 0, whose data page the image brings) the
// data page. `boot_stack_top` is where the CPU's first kernel instruction runs.
void PrepareNucleusArea(uint32_t index, VirtualAddress boot_stack_top, DebugGates debug);

// Gate 6 of the kernel's view means "resume a thread", which an undefined instruction must not do while a probe tries
// some. While `is_fault`, it leads to the fault path instead.
void SetUndefinedInstructionIsFault(uint32_t index, bool is_fault);

// Whether the CPU's next resume stores an entry of a page table on its way (late_entry.h), and which.
void SetResumeStores(uint32_t index, bool stores);
void SetResumeStore(PerCpu& cpu, uint64_t* slot, uint64_t value);

// Maps the areas of CPUs [0, count) with the kernel's or the user's view of gates and stubs. ZX_ERR_NO_MEMORY.
enum class NucleusView { kKernel, kUser };
Result<> MapNucleusAreas(PageTable& table, uint32_t count, NucleusView view);

}  // namespace gk::arch
