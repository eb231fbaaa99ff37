#include "guest/kernel/drivers/port_vmo_operations.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include "guest/kernel/vm/pager_op_range.h"

namespace gk::drivers {
namespace {

using Kind = abi::PortOperationKind;

// Writes what fits and counts on.
class RangeWriter final : public DirtyRangeSink {
 public:
  explicit RangeWriter(std::span<abi::PortDirtyRange> out) : out_(out) {}
  bool OnDirtyRange(const DirtyRange& range) override {
    if (count_.written < out_.size()) {
      out_[count_.written++] = {
          .offset = range.offset, .length = range.length, .options = range.zero ? ZX_VMO_DIRTY_RANGE_IS_ZERO : 0};
    }
    ++count_.available;
    return true;
  }
  [[nodiscard]] DirtyRangeCount count() const { return count_; }

 private:
  std::span<abi::PortDirtyRange> out_;
  DirtyRangeCount count_{.written = 0, .available = 0};
};

}  // namespace

Result<> CheckOperation(const abi::PortOperation& operation) {
  if (!base::IsPageAligned(operation.offset) || !base::IsPageAligned(operation.length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (operation.kind == Kind::kOpRange) {
    return {};  // the operation itself knows what may be in it
  }
  const bool takes_range =
      operation.kind != Kind::kQueryVmoStats && operation.kind != Kind::kDetach && operation.kind != Kind::kAwaitRoom;
  const uint32_t permitted = operation.kind == Kind::kQueryVmoStats ? ZX_PAGER_RESET_VMO_STATS : 0;
  if (operation.data != 0 || (operation.argument & ~permitted) != 0 ||
      (!takes_range && (operation.offset != 0 || operation.length != 0))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  switch (operation.kind) {
    case Kind::kSupply:
    case Kind::kQueryDirtyRanges:
    case Kind::kQueryVmoStats:
    case Kind::kDetach:
    case Kind::kLend:
    case Kind::kTimeOut:
    case Kind::kAwaitRoom:
      return {};
    default:
      return Error(ZX_ERR_NOT_SUPPORTED);
  }
}

Status OperateOnRange(Vmo& vmo, const abi::PortOperation& operation) {
  return StatusOf(PagerOpRange(
      vmo, {.op = operation.argument, .offset = operation.offset, .length = operation.length, .data = operation.data}));
}

Result<DirtyRangeCount> QueryDirtyRanges(const Vmo& vmo, const abi::PortOperation& operation,
                                         std::span<abi::PortDirtyRange> out) {
  RangeWriter writer(out);
  PAGODA_TRY(vmo.ForEachDirtyRange(operation.offset, operation.length, writer));
  return writer.count();
}

void QueryStats(Vmo& vmo, const abi::PortOperation& operation, abi::PortAnswer& answer) {
  const bool modified = vmo.TakeModified(operation.argument == ZX_PAGER_RESET_VMO_STATS);
  answer.flags = modified ? ZX_PAGER_VMO_STATS_MODIFIED : 0;
  answer.size = vmo.size();
  answer.content_size = vmo.content_size() < vmo.size() ? vmo.content_size() : vmo.size();
}

}  // namespace gk::drivers
