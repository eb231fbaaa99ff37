#include "guest/kernel/vm/pager_op_range.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include "shared/base/range.h"

namespace gk {
namespace {

// The data is a status, sign-extended. Which a pager may give is a promise to who waits.
Result<> Fail(Vmo& vmo, const PagerRange& range) {
  for (const zx_status_t allowed :
       {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL}) {
    if (range.data == static_cast<uint64_t>(int64_t{allowed})) {
      return vmo.PagerFail(range.offset, range.length, Status(allowed));
    }
  }
  return Error(ZX_ERR_INVALID_ARGS);
}

Result<> Dirty(Vmo& vmo, const PagerRange& range) {
  if (range.data != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return vmo.traps_dirty() ? vmo.PagerDirty(range.offset, range.length) : Error(ZX_ERR_NOT_SUPPORTED);
}

Result<> WritebackBegin(Vmo& vmo, const PagerRange& range) {
  switch (range.data) {
    case 0:
      return vmo.WritebackBegin(range.offset, range.length, WritebackScope::kAll);
    case ZX_VMO_DIRTY_RANGE_IS_ZERO:
      return vmo.WritebackBegin(range.offset, range.length, WritebackScope::kZeroes);
    default:
      return Error(ZX_ERR_INVALID_ARGS);
  }
}

Result<> WritebackEnd(Vmo& vmo, const PagerRange& range) {
  return range.data == 0 ? vmo.WritebackEnd(range.offset, range.length) : Error(ZX_ERR_INVALID_ARGS);
}

struct Operation {
  uint32_t number;
  Result<> (*function)(Vmo& vmo, const PagerRange& range);
};

constexpr Operation kOperations[] = {
    {ZX_PAGER_OP_FAIL, &Fail},
    {ZX_PAGER_OP_DIRTY, &Dirty},
    {ZX_PAGER_OP_WRITEBACK_BEGIN, &WritebackBegin},
    {ZX_PAGER_OP_WRITEBACK_END, &WritebackEnd},
};

}  // namespace

Result<> PagerOpRange(Vmo& vmo, const PagerRange& range) {
  for (const Operation& operation : kOperations) {
    if (operation.number == range.op) {
      return base::IsPageAligned(range.offset) && base::IsPageAligned(range.length) ? operation.function(vmo, range)
                                                                                    : Error(ZX_ERR_INVALID_ARGS);
    }
  }
  return Error(ZX_ERR_NOT_SUPPORTED);
}

}  // namespace gk
