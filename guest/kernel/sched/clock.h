// Time: nanoseconds since the machine started, from kvmclock's line over the TSC.
#pragma once

#include <zircon/types.h>

#include "shared/abi/syscalls.h"

namespace gk {

[[nodiscard]] zx_time_t CurrentTime();

// The parameters of that line, for the vDSO's data page. Constant after boot.
[[nodiscard]] abi::VdsoData ClockParameters();

}  // namespace gk
