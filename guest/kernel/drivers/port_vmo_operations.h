// What the host's pager may do to the VMO of an object, with the checks that a pager program's system calls make: whole
// pages, known operations, permitted values. Ranges are checked by the VMO.
//
// Pure but for the VMO: no queue, no message. Kernel lock held; nothing blocks.
#pragma once

#include <stdint.h>

#include <span>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/abi/port_device.h"

namespace gk::drivers {

// Offset and length are whole pages, and what the kind does not use is 0. ZX_ERR_INVALID_ARGS; ZX_ERR_NOT_SUPPORTED: an
// unknown kind.
[[nodiscard]] Result<> CheckOperation(const abi::PortOperation& operation);

// zx_pager_op_range. Precondition: CheckOperation.
[[nodiscard]] Status OperateOnRange(Vmo& vmo, const abi::PortOperation& operation);

// zx_pager_query_dirty_ranges: how many there are, and the first of them.
struct DirtyRangeCount {
  uint64_t written;
  uint64_t available;
};
[[nodiscard]] Result<DirtyRangeCount> QueryDirtyRanges(const Vmo& vmo, const abi::PortOperation& operation,
                                                       std::span<abi::PortDirtyRange> out);

// zx_pager_query_vmo_stats, and the sizes.
void QueryStats(Vmo& vmo, const abi::PortOperation& operation, abi::PortAnswer& answer);

}  // namespace gk::drivers
