// What the host's own kernel takes for what a guest kernel does: the rivals of the system call figures. Cycles.
#pragma once

#include "vmm/base/error.h"

namespace bench {

// The shortest system call: median of many.
[[nodiscard]] double HostSystemCallCycles();

struct HostFaultCycles {
  double separate;    // median of first writes to pages far apart
  double sequential;  // CostInSequence of first writes to page after page
};

// Anonymous memory in 4 KiB pages, as the guest programs measure it.
vmm::Result<HostFaultCycles> MeasureHostFaults();

}  // namespace bench
