#include "devices/virtio/device_status.h"

#include "devices/virtio/linux_virtio.h"

namespace dev {

namespace {

constexpr uint32_t kOrder[] = {VIRTIO_CONFIG_S_ACKNOWLEDGE, VIRTIO_CONFIG_S_DRIVER, VIRTIO_CONFIG_S_FEATURES_OK,
                               VIRTIO_CONFIG_S_DRIVER_OK};

}  // namespace

bool IsLegalStatusChange(uint32_t before, uint32_t after) {
  uint32_t known = VIRTIO_CONFIG_S_FAILED;
  bool previous = true;
  for (const uint32_t bit : kOrder) {
    const bool set = (after & bit) != 0;
    if (set && !previous) {
      return false;
    }
    known |= bit;
    previous = set;
  }
  return (before & ~after) == 0 && (after & ~known) == 0;
}

}  // namespace dev
