// From a descriptor chain of the operation queue to a checked answer, and nothing else: no queue, no state.
//
// The answer and its ranges are copied out of guest memory once; all that follows looks at the copy.
#pragma once

#include <zircon/types.h>

#include <optional>
#include <vector>

#include "devices/pager/vmo_control.h"
#include "devices/virtio/split_queue.h"
#include "shared/abi/port_device.h"

namespace dev {

// What a chain says of the operation that it answers. Its status is ZX_OK or a public error.
struct PortAnswered {
  uint64_t id = 0;  // of the operation; 0: it answers none
  zx_status_t status = 0;
  uint32_t flags = 0;
  uint64_t size = 0;
  uint64_t content_size = 0;
  std::vector<abi::PortDirtyRange> ranges;
};

// Where the next operation goes; nullopt when the chain has no room for one, which breaks the queue.
[[nodiscard]] std::optional<GuestBuffer> FindOperationBuffer(const DescriptorChain& chain);

// nullopt when the chain does not hold an answer. One whose fields make no sense gets ZX_ERR_IO_DATA_INTEGRITY.
[[nodiscard]] std::optional<PortAnswered> ParsePortAnswer(const DescriptorChain& chain);

// What `answered` says of the dirty ranges of [offset, offset + length): nullopt when it makes no sense.
[[nodiscard]] std::optional<std::vector<pager::DirtyRange>> DirtyRangesOf(const PortAnswered& answered, uint64_t offset,
                                                                          uint64_t length);
[[nodiscard]] std::optional<pager::VmoStats> VmoStatsOf(const PortAnswered& answered);

}  // namespace dev
