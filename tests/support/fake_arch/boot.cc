// What the architecture finds out and makes at boot: there is no nucleus, and either vDSO is as good as the other.
#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/syscall_trap.h"
#include "guest/kernel/arch/user_root.h"

namespace gk::arch {

SyscallTrap ChosenSyscallTrap() { return SyscallTrap::kUndefinedInstruction; }
uint64_t UserRootEntry() { return 0; }
PhysicalAddress ImagePhysicalAddress(const void* object) { return VirtualToPhysical(object); }

}  // namespace gk::arch
