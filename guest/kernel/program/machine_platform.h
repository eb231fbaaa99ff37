// The Platform that stands on the machine's drivers.
#pragma once

#include "guest/kernel/object/platform.h"

namespace gk::program {

// Usable when the drivers are up. What the machine lacks does nothing, or fails as Platform says.
[[nodiscard]] Platform& MachinePlatform();

}  // namespace gk::program
