// zx_pager_op_range, whoever the pager is: a program by its system call, or the host by the port device.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

struct PagerRange {
  uint32_t op;  // ZX_PAGER_OP_*
  uint64_t offset;
  uint64_t length;
  uint64_t data;  // what the operation says
};

// Precondition: `vmo` has a pager_source(), and whoever asks is its pager. Kernel lock held; does not block.
//   ZX_ERR_NOT_SUPPORTED  no such operation; DIRTY of a VMO that does not trap it
//   ZX_ERR_INVALID_ARGS   not whole pages, also when there are none; a value of `data` that the operation does not have
//   and the errors of Vmo::PagerFail, PagerDirty, WritebackBegin and WritebackEnd
// Nothing changed when it is one of the first two.
Result<> PagerOpRange(Vmo& vmo, const PagerRange& range);

}  // namespace gk
