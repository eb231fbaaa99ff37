// What the kernel does between having its own address space and running the first program.
#pragma once

#include "shared/abi/boot_info.h"

namespace gk {

// Brings up devices and starts the first program. On CPU 0, kernel lock held, scheduler running. A machine that cannot
// even report a failure panics.
void StartKernel(const abi::BootInfo& boot);

}  // namespace gk
