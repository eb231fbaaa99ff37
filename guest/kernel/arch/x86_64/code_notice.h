// Tells the monitor's debugger which user pages have become executable (abi::CodeMapped).
#pragma once

#include "shared/abi/boot_info.h"

namespace gk::arch {

// From here on, if the monitor has a debugger. Before the first user address space; the devices may come up later.
void StartCodeNotices(const abi::BootInfo& boot);

}  // namespace gk::arch
