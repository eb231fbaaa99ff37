// From a descriptor chain to a checked request of the port device, and nothing else: no queue, no state, no I/O.
//
// The request structure and the name are copied out of guest memory once; all that follows looks at the copy.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "devices/virtio/split_queue.h"
#include "shared/abi/port_device.h"

namespace dev {

struct PortOpen {
  std::string name;  // any bytes
};
struct PortClose {
  uint64_t object;
};
struct PortRead {
  uint64_t object;
  uint64_t offset;
  uint64_t length;
  std::vector<iovec> pages;  // in guest memory; add up to `length`
};
// Not a request: to be answered with this status.
struct PortRejected {
  zx_status_t status;
};

struct PortCall {
  uint64_t id = 0;  // for the reply; 0 when the chain does not even hold a request
  std::variant<PortRejected, PortOpen, PortClose, PortRead> operation;
};

// The buffer that the reply goes to; nullopt when the chain has no room for one, which breaks the queue.
[[nodiscard]] std::optional<GuestBuffer> FindReplyBuffer(const DescriptorChain& chain);

// `queue`: the index of the queue that the chain came from. Whether objects exist and ranges lie inside them is left to
// the device. Precondition: FindReplyBuffer found one.
[[nodiscard]] PortCall ParsePortRequest(uint32_t queue, const DescriptorChain& chain);

}  // namespace dev
