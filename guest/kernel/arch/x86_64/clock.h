// kvmclock: nanoseconds as a line over the TSC, the line's parameters in a page that KVM keeps (KVM document,
// "MSR_KVM_SYSTEM_TIME_NEW").
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "shared/abi/boot_info.h"

namespace gk::arch {

// Once, on CPU 0, before the first CurrentTime.
void StartClock(PerCpu& cpu, const abi::BootInfo& boot);

// The TSC value at which CurrentTime reaches `time`; now, where that is past.
[[nodiscard]] uint64_t TscAt(zx_time_t time);

}  // namespace gk::arch
