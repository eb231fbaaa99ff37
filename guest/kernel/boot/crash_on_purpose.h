// Ends the kernel in a chosen way, so that the monitor's reports can be seen and tested.
#pragma once

#include "guest/kernel/boot/options.h"

namespace gk {

[[noreturn]] void CrashOnPurpose(CrashKind kind);

}  // namespace gk
