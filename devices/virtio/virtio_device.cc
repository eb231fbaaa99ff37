#include "devices/virtio/virtio_device.h"

#include <algorithm>

namespace dev {

void ReadConfigBytes(std::span<const std::byte> config, uint64_t offset, std::span<std::byte> data) {
  std::fill(data.begin(), data.end(), std::byte{0});
  if (offset < config.size()) {
    const auto available = config.subspan(offset);
    std::copy_n(available.begin(), std::min(available.size(), data.size()), data.begin());
  }
}

}  // namespace dev
