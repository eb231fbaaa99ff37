// The memory calls of a guest program, as a process of the host makes them: medians in TSC cycles.
#pragma once

#include "vmm/base/error.h"

namespace bench {

[[nodiscard]] double HostCyclesPerSecond();

vmm::Result<double> HostMapUnmapCycles();
vmm::Result<double> HostProtectCycles();
vmm::Result<double> HostForkOfMiBCycles();
vmm::Result<double> HostForkOfGiBCycles();
vmm::Result<double> HostCopyFaultCycles();
vmm::Result<double> HostCommitCycles();
vmm::Result<double> HostReadCycles();
vmm::Result<double> HostWriteCycles();

}  // namespace bench
