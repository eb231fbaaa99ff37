// Where the monitor calls the kernel on behalf of a debugger (shared/abi/debug_call.h).
#pragma once

#include "guest/kernel/lib/status.h"

namespace gk::arch {

// Makes a stack and a buffer for such calls and tells the monitor. Once, when the monitor has a debugger; needs the
// pmm, kernel_space and SystemControl. ZX_ERR_NO_MEMORY.
Result<> AnnounceDebugCalls();

}  // namespace gk::arch
