#include "devices/virtio/queue_registers.h"

#include "devices/virtio/linux_virtio.h"

namespace dev {

bool QueueRegisters::Write(uint64_t offset, uint32_t value) {
  switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
      // What is no size at all becomes 0, which is refused with the rest of the layout.
      layout.size = value <= UINT16_MAX ? static_cast<uint16_t>(value) : uint16_t{0};
      return true;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
      SetWord(layout.descriptors, 0, value);
      return true;
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
      SetWord(layout.descriptors, 1, value);
      return true;
    case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
      SetWord(layout.available, 0, value);
      return true;
    case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
      SetWord(layout.available, 1, value);
      return true;
    case VIRTIO_MMIO_QUEUE_USED_LOW:
      SetWord(layout.used, 0, value);
      return true;
    case VIRTIO_MMIO_QUEUE_USED_HIGH:
      SetWord(layout.used, 1, value);
      return true;
    default:
      return false;
  }
}

}  // namespace dev
