#include "guest/kernel/arch/x86_64/probe.h"

#include "guest/kernel/arch/syscall_trap.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/nucleus/layout.h"

namespace gk::arch {
namespace {

constexpr uint32_t kMsrStar = 0xc0000081;
constexpr uint32_t kMsrLstar = 0xc0000082;
constexpr uint32_t kMsrFmask = 0xc0000084;

// SYSCALL loads CS from bits 47:32 and SS from the next descriptor. SYSRET's half is never used.
constexpr uint64_t kStar = uint64_t{0x23} << 48 | uint64_t{SELECTOR_CS0} << 32;
// Cleared on entry: TF, IF, DF, NT, AC, as the entry code must not be stepped, interrupted or run backwards.
constexpr uint64_t kFmask = 0x100 | 0x200 | 0x400 | 0x4000 | 0x40000;

SyscallTrap chosen = SyscallTrap::kUndefinedInstruction;
bool fs_base_instructions = false;

void WriteSyscallRegisters(const PerCpu& cpu) {
  NucleusWriteMsr(kMsrStar, kStar);
  NucleusWriteMsr(kMsrLstar, NUCLEUS_BASE + uint64_t{cpu.cpu.index} * NUCLEUS_STRIDE + NUCLEUS_STUBS + STUB_SYSCALL);
  NucleusWriteMsr(kMsrFmask, kFmask);
}

}  // namespace

void ProbeHost(PerCpu& cpu) {
  WriteSyscallRegisters(cpu);
  SetUndefinedInstructionIsFault(cpu.cpu.index, true);
  // Where `syscall` stays in ring 3 it jumps to the nucleus' supervisor-only page and faults: the probe fails.
  if (RunProbe(&cpu, &ProbeSyscallInstruction)) {
    chosen = SyscallTrap::kSyscall;
  }
  // CPUID is not asked: some hosts run these instructions at CPL 3 without saying so, and where CPUID has the bit they
  // still need CR4.FSGSBASE.
  fs_base_instructions = RunProbe(&cpu, &ProbeFsBaseInstruction);
  SetUndefinedInstructionIsFault(cpu.cpu.index, false);
}

SyscallTrap ChosenSyscallTrap() { return chosen; }
bool HasFsBaseInstructions() { return fs_base_instructions; }

void StartSyscallEntry(const PerCpu& cpu) {
  if (chosen == SyscallTrap::kSyscall) {
    WriteSyscallRegisters(cpu);
  }
}

}  // namespace gk::arch
