// Access to device registers.
//
// Each call is exactly one access of the named width, in program order with the others. In the kernel it traps to the
// monitor, so these are functions and not inline: a call costs nothing beside it. In hosted tests a model of the device
// answers (tests/support/fake_arch/mmio.h).
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"

namespace gk::arch {

// `address` lies in a page that MapDeviceRegisters has mapped and is aligned to the width.
[[nodiscard]] uint32_t ReadRegister32(VirtualAddress address);
void WriteRegister32(VirtualAddress address, uint32_t value);
void WriteRegister64(VirtualAddress address, uint64_t value);

}  // namespace gk::arch
