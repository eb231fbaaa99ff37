// Operations of a pager process on the guest's VMOs: judged here, carried out by the VmoControl, answered whenever that
// is done.
#include <zircon/errors.h>

#include <algorithm>
#include <utility>

#include "devices/pager/pieces.h"
#include "devices/pager/remote/link.h"
#include "shared/base/range.h"

namespace pager::remote {

namespace {

bool UsesArea(OperationKind kind) { return kind == OperationKind::kSupplyPages || kind == OperationKind::kLend; }
bool HasRange(OperationKind kind) { return kind != OperationKind::kQueryVmoStats && kind != OperationKind::kDetach; }

OperationResult ResultOf(uint64_t id, zx_status_t status) {
  return {.id = id, .status = std::min(status, ZX_OK), .values = {}, .ranges = {}};
}

// What the operation may be asked of any object.
zx_status_t Judge(const Operation& operation) {
  if (operation.kind < OperationKind::kSupplyPages || operation.kind > OperationKind::kLend) {
    return ZX_ERR_INVALID_ARGS;
  }
  if (!HasRange(operation.kind)) {
    return ZX_OK;
  }
  if (!base::IsPageAligned(operation.offset | operation.length) ||
      (UsesArea(operation.kind) && operation.length == 0)) {
    return ZX_ERR_INVALID_ARGS;
  }
  return base::RangeFits(operation.offset, operation.length, INT64_MAX) ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

}  // namespace

Link::Violation Link::On(const Operation& operation) {
  std::shared_ptr<VmoControl> vmo;
  zx_status_t status = Judge(operation);
  {
    const std::lock_guard lock(mutex_);
    if (session_->operations.size() >= kMaxOperations || !session_->operations.insert(operation.id).second) {
      return "it began an operation too many, or one twice";
    }
    if (status == ZX_OK && UsesArea(operation.kind) &&
        !base::RangeFits(operation.area_offset, operation.length, session_->region->area().size())) {
      return "it named a range outside the area";
    }
    const auto object = objects_.find(operation.object);
    if (object == objects_.end() || !object->second.vmo) {
      status = ZX_ERR_PEER_CLOSED;
    } else if (status == ZX_OK) {
      vmo = object->second.vmo;
    }
  }
  if (vmo) {
    Execute(operation, *vmo);
  } else {
    Return(session_, ResultOf(operation.id, status));
  }
  return std::nullopt;
}

// The handlers keep the connection they came from, and with it the area; a result for one that has ended is dropped.
void Link::Execute(const Operation& operation, VmoControl& vmo) {
  const auto answer = [weak = weak_from_this(), session = session_](OperationResult result) {
    if (const auto link = weak.lock()) {
      link->Return(session, std::move(result));
    }
  };
  const auto answer_status = [answer, id = operation.id](zx_status_t status) { answer(ResultOf(id, status)); };
  const auto area = [&] { return session_->region->area().subspan(operation.area_offset, operation.length); };
  switch (operation.kind) {
    case OperationKind::kSupplyPages:
      vmo.SupplyPages(operation.offset, {{.iov_base = area().data(), .iov_len = area().size()}}, answer_status);
      break;
    case OperationKind::kOpRange:
      vmo.OpRange(operation.op, operation.offset, operation.length, operation.data, answer_status);
      break;
    case OperationKind::kQueryDirtyRanges:
      vmo.QueryDirtyRanges(
          operation.offset, operation.length,
          [answer, id = operation.id](zx_status_t status, std::vector<DirtyRange> ranges, uint64_t available) {
            OperationResult result = ResultOf(id, status);
            result.values[0] = available;
            ranges.resize(std::min(ranges.size(), kMaxDirtyRanges));
            result.ranges = std::move(ranges);
            answer(std::move(result));
          });
      break;
    case OperationKind::kQueryVmoStats:
      vmo.QueryVmoStats(static_cast<uint32_t>(std::min<uint64_t>(operation.data, UINT32_MAX)),
                        [answer, id = operation.id](zx_status_t status, VmoStats stats) {
                          OperationResult result = ResultOf(id, status);
                          result.values[0] = stats.modified ? 1 : 0;
                          result.values[1] = stats.size;
                          result.values[2] = stats.content_size;
                          answer(std::move(result));
                        });
      break;
    case OperationKind::kDetach:
      vmo.Detach(answer_status);
      break;
    case OperationKind::kLend:
      vmo.Lend(operation.offset, operation.length,
               [answer, id = operation.id, to = area()](zx_status_t status, PageLease lease) {
                 OperationResult result = ResultOf(id, status);
                 if (status == ZX_OK) {
                   result.values[0] = std::min<uint64_t>(lease.length(), to.size());
                   CopyOutOf(lease.pages(), to.first(result.values[0]));
                 }
                 answer(std::move(result));
               });
      break;
  }
}

void Link::Return(const std::shared_ptr<ClientSession>& session, OperationResult result) {
  const std::lock_guard lock(mutex_);
  if (session == session_) {
    session_->operations.erase(result.id);
    SendLocked(EncodeResult(result));
  }
}

}  // namespace pager::remote
