// What must happen after a page-table entry was removed or restricted, before the frame it named may be used again.
#pragma once

#include "guest/kernel/arch/types.h"

namespace gk::arch {

// Returns when no CPU can use a translation of a *user* address space that was removed before the call.
// `running` names the CPUs that execute user code of that address space right now (AddressSpace::running_cpus).
//
// The kernel never executes in a user address space, and every resume of user code loads CR3, which drops all
// translations (nothing is global, PCIDs are not used). So only CPUs that are in user code at this moment need to be
// told: they get an interrupt, and this call waits until each has left user code. Kernel lock held.
void InvalidateAddressSpace(CpuMask running);

// The same for the *kernel's* address space on the calling CPU. Others pick it up when they next load CR3, which they
// do on each entry from user code. Kernel lock held.
void InvalidateKernelSpace();

}  // namespace gk::arch
