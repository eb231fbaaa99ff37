// All devices of the machine: found once at boot in the monitor's table, and where to reach them.
//
// Kernel lock held for every call, except that the console and SystemControl may be used in a panic without it.
#pragma once

#include <stdint.h>

#include "guest/kernel/drivers/console.h"
#include "guest/kernel/drivers/port_client.h"
#include "guest/kernel/drivers/system_control.h"
#include "guest/kernel/lib/status.h"
#include "shared/abi/boot_info.h"

namespace gk::drivers {

// Brings up SystemControl, the console and the port device, as far as the table names them; the first of each kind
// counts. The pmm, the heap and kernel_space must be up. A device that fails stays out of use and the others come up
// all the same; the first error is returned. ZX_ERR_INVALID_ARGS: the table is not one.
Result<> Initialize(const abi::BootInfo& info);

// An interrupt with this vector arrived; vectors of no device are ignored.
void OnInterrupt(uint32_t vector);

// Before Initialize, and where the machine has no such device, these do nothing.
[[nodiscard]] Console& console();
[[nodiscard]] SystemControl& system_control();

// nullptr where the machine has no port device.
[[nodiscard]] PortClient* port();

}  // namespace gk::drivers
