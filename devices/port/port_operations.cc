#include "devices/port/port_operations.h"

#include <zircon/errors.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "devices/pager/pieces.h"

namespace dev {

namespace {

// Copies the bytes from `offset` on in `from` to `to`. Precondition: there are as many.
void CopyPieces(std::span<const iovec> from, uint64_t offset, std::span<const iovec> to) {
  for (const iovec& piece : to) {
    size_t done = 0;
    while (done < piece.iov_len) {
      if (offset >= from.front().iov_len) {
        offset -= from.front().iov_len;
        from = from.subspan(1);
        continue;
      }
      const size_t size = std::min<size_t>(piece.iov_len - done, from.front().iov_len - offset);
      std::memcpy(static_cast<std::byte*>(piece.iov_base) + done,
                  static_cast<const std::byte*>(from.front().iov_base) + offset, size);
      done += size;
      offset += size;
    }
  }
}

}  // namespace

void EndOperation(PortPendingOperation& operation, zx_status_t status) {
  PortPendingOperation::Handler handler = std::exchange(operation.handler, std::monostate());
  std::visit(
      [&]<typename Handler>(Handler& call) {
        using Control = pager::VmoControl;
        if constexpr (std::is_same_v<Handler, Control::StatusHandler>) {
          call(status);
        } else if constexpr (std::is_same_v<Handler, Control::DirtyRangesHandler>) {
          call(status, {}, 0);
        } else if constexpr (!std::is_same_v<Handler, std::monostate>) {
          call(status, {});
        }
      },
      handler);
}

void PortOperations::Submit(PortPendingOperation operation) {
  {
    const std::lock_guard lock(mutex_);
    const auto object = objects_.find(operation.message.object);
    if (object != objects_.end()) {
      object->second.asked_for += std::holds_alternative<std::monostate>(operation.handler) ? 0U : 1U;
      if (object->second.waiting.empty()) {
        turns_.push_back(object->first);
      }
      object->second.waiting.push_back(std::move(operation));
      count_.fetch_add(1, std::memory_order_release);
      if (std::exchange(sleeping_, false)) {
        wake_.Signal();
      }
      return;
    }
  }
  EndOperation(operation, ZX_ERR_PEER_CLOSED);
}

void PortOperations::OpenObject(uint64_t object) {
  const std::lock_guard lock(mutex_);
  objects_.try_emplace(object);
}

uint64_t PortOperations::CountAskedFor(uint64_t object) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(object);
  return found == objects_.end() ? 0 : found->second.asked_for;
}

void PortOperations::CloseObject(uint64_t object) {
  Waiting abandoned;
  {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(object);
    if (found == objects_.end()) {
      return;
    }
    abandoned = std::move(found->second.waiting);
    objects_.erase(found);
    std::erase(turns_, object);
    count_.fetch_sub(abandoned.size(), std::memory_order_release);
  }
  for (PortPendingOperation& operation : abandoned) {
    EndOperation(operation, ZX_ERR_PEER_CLOSED);
  }
}

void PortOperations::CloseAll() {
  std::map<uint64_t, Object> abandoned;
  {
    const std::lock_guard lock(mutex_);
    abandoned = std::exchange(objects_, {});
    turns_.clear();
    sleeping_ = false;
    count_.store(0, std::memory_order_release);
  }
  for (auto& [id, object] : abandoned) {
    for (PortPendingOperation& operation : object.waiting) {
      EndOperation(operation, ZX_ERR_PEER_CLOSED);
    }
  }
}

std::optional<PortPendingOperation> PortOperations::Take() {
  const std::lock_guard lock(mutex_);
  if (turns_.empty()) {
    return std::nullopt;
  }
  const uint64_t object = turns_.front();
  turns_.pop_front();
  Waiting& waiting = objects_.at(object).waiting;
  PortPendingOperation operation = std::move(waiting.front());
  waiting.pop_front();
  if (!waiting.empty()) {
    turns_.push_back(object);
  }
  count_.fetch_sub(1, std::memory_order_release);
  return operation;
}

bool PortOperations::PrepareToSleep() {
  const std::lock_guard lock(mutex_);
  sleeping_ = turns_.empty();
  return sleeping_;
}

void PortOperations::WokeUp() {
  const std::lock_guard lock(mutex_);
  sleeping_ = false;
}

abi::PortOperation PortVmoControl::Message(abi::PortOperationKind kind) const {
  return {.id = 0, .object = object_, .offset = 0, .length = 0, .data = 0, .kind = kind, .argument = 0};
}

void PortVmoControl::SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) {
  const uint64_t length = pager::LengthOf(data);
  const auto copy = [offset, data = std::move(data)](pager::ReadRequest request) {
    CopyPieces(data, request.offset() - offset, request.pages());
    request.Complete(ZX_OK);
  };
  FetchPages(offset, length, copy, std::move(handler));
}

void PortVmoControl::FetchPages(uint64_t offset, uint64_t length, Filler fill, StatusHandler handler) {
  abi::PortOperation message = Message(abi::PortOperationKind::kSupply);
  message.offset = offset;
  message.length = length;
  operations_->Submit({.message = message, .handler = std::move(handler), .fill = std::move(fill)});
}

void PortVmoControl::AwaitRoom(StatusHandler handler) {
  operations_->Submit(
      {.message = Message(abi::PortOperationKind::kAwaitRoom), .handler = std::move(handler), .fill = {}});
}

void PortVmoControl::OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) {
  abi::PortOperation message = Message(abi::PortOperationKind::kOpRange);
  message.argument = op;
  message.offset = offset;
  message.length = length;
  message.data = data;
  operations_->Submit({.message = message, .handler = std::move(handler), .fill = {}});
}

void PortVmoControl::QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) {
  abi::PortOperation message = Message(abi::PortOperationKind::kQueryDirtyRanges);
  message.offset = offset;
  message.length = length;
  operations_->Submit({.message = message, .handler = std::move(handler), .fill = {}});
}

void PortVmoControl::QueryVmoStats(uint32_t options, VmoStatsHandler handler) {
  abi::PortOperation message = Message(abi::PortOperationKind::kQueryVmoStats);
  message.argument = options;
  operations_->Submit({.message = message, .handler = std::move(handler), .fill = {}});
}

void PortVmoControl::Detach(StatusHandler handler) {
  operations_->Submit({.message = Message(abi::PortOperationKind::kDetach), .handler = std::move(handler), .fill = {}});
}

void PortVmoControl::Lend(uint64_t offset, uint64_t length, LendHandler handler) {
  abi::PortOperation message = Message(abi::PortOperationKind::kLend);
  message.offset = offset;
  message.length = length;
  operations_->Submit({.message = message, .handler = std::move(handler), .fill = {}});
}

}  // namespace dev
