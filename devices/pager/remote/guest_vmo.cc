#include "devices/pager/remote/guest_vmo.h"

#include <zircon/errors.h>

#include <algorithm>
#include <utility>

#include "devices/pager/pieces.h"

namespace pager::remote {

namespace {

MonitorPeer::ResultHandler StatusOnly(VmoControl::StatusHandler handler) {
  return [handler = std::move(handler)](const OperationResult& result, AreaChunk /*chunk*/) { handler(result.status); };
}

uint64_t LengthOf(const std::vector<iovec>& pieces) {
  uint64_t length = 0;
  for (const iovec& piece : pieces) {
    length += piece.iov_len;
  }
  return length;
}

// The first `length` bytes of the chunk, lent for as long as the lease lasts.
PageLease LeaseOf(AreaChunk chunk, uint64_t length) {
  auto held = std::make_shared<AreaChunk>(std::move(chunk));
  std::vector<iovec> pages = {{.iov_base = held->bytes().data(), .iov_len = length}};
  return {std::move(pages), [held] { *held = AreaChunk(); }};
}

}  // namespace

OperationMessage GuestVmo::MessageFor(OperationKind kind) const {
  OperationMessage message{};
  message.object = object_;
  message.kind = kind;
  return message;
}

void GuestVmo::Operate(const OperationMessage& message, MonitorPeer::ResultHandler handler, std::vector<iovec> data) {
  peer_->Operate({.message = message, .data = std::move(data), .handler = std::move(handler)});
}

// A chunk at a time, the next when the one before has been supplied.
void GuestVmo::SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) {
  const uint64_t length = LengthOf(data);
  const uint64_t now = std::min(length, MonitorPeer::kChunkSize);
  OperationMessage message = MessageFor(OperationKind::kSupplyPages);
  message.offset = offset;
  message.length = now;
  std::vector<iovec> first = Slice(data, 0, now);
  if (now == length) {
    Operate(message, StatusOnly(std::move(handler)), std::move(first));
    return;
  }
  std::vector<iovec> rest = Slice(data, now, length - now);
  Operate(
      message,
      [self = shared_from_this(), next = offset + now, rest = std::move(rest), handler = std::move(handler)](
          const OperationResult& result, AreaChunk /*chunk*/) {
        if (result.status != ZX_OK) {
          handler(result.status);
        } else {
          self->SupplyPages(next, rest, handler);
        }
      },
      std::move(first));
}

void GuestVmo::OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) {
  OperationMessage message = MessageFor(OperationKind::kOpRange);
  message.op = op;
  message.offset = offset;
  message.length = length;
  message.data = data;
  Operate(message, StatusOnly(std::move(handler)));
}

void GuestVmo::QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) {
  OperationMessage message = MessageFor(OperationKind::kQueryDirtyRanges);
  message.offset = offset;
  message.length = length;
  Operate(message, [handler = std::move(handler)](const OperationResult& result, AreaChunk /*chunk*/) {
    handler(result.status, result.ranges, result.values[0]);
  });
}

void GuestVmo::QueryVmoStats(uint32_t options, VmoStatsHandler handler) {
  OperationMessage message = MessageFor(OperationKind::kQueryVmoStats);
  message.data = options;
  Operate(message, [handler = std::move(handler)](const OperationResult& result, AreaChunk /*chunk*/) {
    handler(result.status,
            {.modified = result.values[0] != 0, .size = result.values[1], .content_size = result.values[2]});
  });
}

void GuestVmo::Detach(StatusHandler handler) {
  Operate(MessageFor(OperationKind::kDetach), StatusOnly(std::move(handler)));
}

void GuestVmo::Lend(uint64_t offset, uint64_t length, LendHandler handler) {
  OperationMessage message = MessageFor(OperationKind::kLend);
  message.offset = offset;
  message.length = std::min(length, MonitorPeer::kChunkSize);
  Operate(message, [handler = std::move(handler)](const OperationResult& result, AreaChunk chunk) {
    handler(result.status, result.status == ZX_OK ? LeaseOf(std::move(chunk), result.values[0]) : PageLease());
  });
}

}  // namespace pager::remote
