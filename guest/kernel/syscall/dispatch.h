// From a trapped thread's registers to the function that carries out its system call, and back to a result.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/registers.h"
#include "guest/kernel/syscall/caller.h"

namespace gk::syscall {

// Performs the call that `registers` describe (shared/abi/syscalls.h, calling convention) and returns what belongs into
// RAX. An unknown number is ZX_ERR_BAD_SYSCALL. May block.
[[nodiscard]] uint64_t Dispatch(Caller caller, const UserRegisters& registers);

}  // namespace gk::syscall
