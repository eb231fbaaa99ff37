// What the host's own kernel takes for what a guest kernel does: the rivals of the system call figures. Cycles.
#pragma once

#include "vmm/base/error.h"

namespace bench {

// The shortest system call: median of many.
[[nodiscard]] double HostSystemCallCycles();

// The first write to a page of anonymous memory of 4 KiB pages, far from others: median of many.
vmm::Result<double> HostFaultCycles();

}  // namespace bench
