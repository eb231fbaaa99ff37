// Which values a driver may write to the device status (virtio 1.2 sections 2.1 and 3.1.1).
//
//   ACKNOWLEDGE ─▶ DRIVER ─▶ FEATURES_OK ─▶ DRIVER_OK        FAILED: from anywhere
//
// Each bit needs those before it, none is taken back; only writing 0, a reset, leads back to the start.
#pragma once

#include <cstdint>

namespace dev {

// `before` and `after` without DEVICE_NEEDS_RESET, which is not the driver's; `after` is not 0.
[[nodiscard]] bool IsLegalStatusChange(uint32_t before, uint32_t after);

}  // namespace dev
