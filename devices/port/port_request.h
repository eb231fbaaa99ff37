// From a descriptor chain to a checked request of the port device, and nothing else: no queue, no state, no I/O.
//
// The request structure and the name are copied out of guest memory once; all that follows looks at the copy.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "devices/virtio/split_queue.h"
#include "shared/abi/port_device.h"

namespace dev {

// For messages and timelines: "READ". A literal.
[[nodiscard]] const char* NameOf(abi::PortRequestKind kind);

struct PortOpen {
  std::string name;  // any bytes
};
struct PortClose {
  uint64_t object;
  uint64_t opens;  // to take back, not 0
};
struct PortList {
  std::string name;                        // any bytes; may be empty
  uint64_t first;                          // index of the first name wanted
  std::vector<std::span<std::byte>> room;  // in guest memory
};
struct PortRead {
  uint64_t object;
  uint64_t offset;
  uint64_t length;
  uint64_t operation;        // 0, or the operation of ours that it belongs to
  std::vector<iovec> pages;  // in guest memory; add up to `length`
};
struct PortDirty {
  uint64_t object;
  uint64_t offset;
  uint64_t length;
};
struct PortComplete {
  uint64_t object;
};
struct PortSync {
  uint64_t object;
};
struct PortLend {
  uint64_t object;
  uint64_t offset;
  uint64_t length;
  uint64_t operation;        // not 0
  std::vector<iovec> pages;  // in guest memory, to be read only; add up to `length`
};
// Not a request: to be answered with this status.
struct PortRejected {
  zx_status_t status;
};

struct PortCall {
  uint64_t id = 0;  // for the reply; 0 when the chain does not even hold a request
  std::variant<PortRejected, PortOpen, PortClose, PortList, PortRead, PortDirty, PortComplete, PortSync, PortLend>
      request;
};

// The buffer that the reply goes to; nullopt when the chain has no room for one, which breaks the queue.
[[nodiscard]] std::optional<GuestBuffer> FindReplyBuffer(const DescriptorChain& chain);

// `queue`: the index of the queue that the chain came from, control or requests. Whether objects exist and ranges lie
// inside them is left to the device. Precondition: FindReplyBuffer found one.
[[nodiscard]] PortCall ParsePortRequest(uint32_t queue, const DescriptorChain& chain);

}  // namespace dev
