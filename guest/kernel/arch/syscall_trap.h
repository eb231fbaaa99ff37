// Which instruction the vDSO uses to enter the kernel.
#pragma once

namespace gk::arch {

enum class SyscallTrap {
  kSyscall,               // `syscall` enters ring 0, as the SDM says
  kUndefinedInstruction,  // `ud2`: on a host whose `syscall` stays in ring 3 (probed at boot)
};

[[nodiscard]] SyscallTrap ChosenSyscallTrap();

}  // namespace gk::arch
