#include "devices/port/port_operation_ring.h"

#include <zircon/errors.h>

#include <cstring>
#include <utility>

#include "devices/port/port_observer.h"
#include "shared/base/range.h"

namespace dev {

namespace {

using Control = pager::VmoControl;
using Kind = abi::PortOperationKind;

// Calls the handler of a query with what a successful answer says. False when that makes no sense: nothing was called.
bool Deliver(PortPendingOperation& operation, const PortAnswered& answered) {
  if (const auto* got_ranges = std::get_if<Control::DirtyRangesHandler>(&operation.handler)) {
    auto ranges = DirtyRangesOf(answered, operation.message.offset, operation.message.length);
    if (!ranges) {
      return false;
    }
    (*got_ranges)(ZX_OK, std::move(*ranges), answered.content_size);
    operation.handler = std::monostate();
  } else if (const auto* got_stats = std::get_if<Control::VmoStatsHandler>(&operation.handler)) {
    const auto stats = VmoStatsOf(answered);
    if (!stats) {
      return false;
    }
    (*got_stats)(ZX_OK, *stats);
    operation.handler = std::monostate();
  }
  return true;
}

// The status for a page source: an object that the guest does not have any more will not come back.
zx_status_t StatusForSource(zx_status_t status) { return status == ZX_ERR_BAD_HANDLE ? ZX_ERR_PEER_CLOSED : status; }

}  // namespace

bool PortOperationRing::Accept(const DescriptorChain& chain) {
  const auto room = FindOperationBuffer(chain);
  if (!room) {
    return false;
  }
  free_.push_back({.head = chain.head(), .room = *room});
  if (const auto answered = ParsePortAnswer(chain)) {
    if (answered->id != 0) {
      OnAnswer(*answered);
    }
  } else {
    ++counters_->bad_answers;
  }
  return true;
}

bool PortOperationRing::Send(SplitQueue& ring) {
  bool sent = false;
  while (!free_.empty() && waiting_->Has()) {
    auto operation = waiting_->Take();
    if (!operation) {
      break;
    }
    operation->message.id = next_id_++;
    const FreeChain chain = free_.back();
    free_.pop_back();
    std::memcpy(chain.room.bytes.data(), &operation->message, sizeof(operation->message));
    ring.AddUsed(chain.head, sizeof(operation->message));
    for (PortObserver* observer : *observers_) {
      observer->OnOperation(operation->message);
    }
    with_guest_.emplace(operation->message.id, std::move(*operation));
    ++counters_->operations;
    sent = true;
  }
  return sent;
}

const PortPendingOperation* PortOperationRing::Find(uint64_t id, Kind kind, uint64_t object) const {
  const auto found = with_guest_.find(id);
  return found != with_guest_.end() && found->second.message.kind == kind && found->second.message.object == object
             ? &found->second
             : nullptr;
}

const Control::Filler* PortOperationRing::FindFiller(const PortRead& read) const {
  const PortPendingOperation* supply = Find(read.operation, Kind::kSupply, read.object);
  const bool belongs = supply != nullptr && read.offset >= supply->message.offset &&
                       base::RangeFits(read.offset - supply->message.offset, read.length, supply->message.length);
  return belongs ? &supply->fill : nullptr;
}

zx_status_t PortOperationRing::TakeLent(const PortLend& lend, std::function<void()> give_back) {
  const PortPendingOperation* loan = Find(lend.operation, Kind::kLend, lend.object);
  if (loan == nullptr || lend.offset != loan->message.offset || lend.length > loan->message.length) {
    return ZX_ERR_INVALID_ARGS;
  }
  // Whatever the handler does, this loan has been made.
  auto handler = std::exchange(with_guest_.at(lend.operation).handler, std::monostate());
  auto* call = std::get_if<Control::LendHandler>(&handler);
  if (call == nullptr) {
    return ZX_ERR_INVALID_ARGS;
  }
  (*call)(ZX_OK, pager::PageLease(lend.pages, std::move(give_back)));
  return ZX_OK;
}

void PortOperationRing::OnAnswer(const PortAnswered& answered) {
  const auto found = with_guest_.find(answered.id);
  if (found == with_guest_.end()) {
    ++counters_->bad_answers;
    return;
  }
  // Taken out first: handlers may do anything but come back here.
  PortPendingOperation operation = std::move(found->second);
  with_guest_.erase(found);
  if (!Finish(operation, answered)) {
    with_guest_.emplace(answered.id, std::move(operation));
  }
}

bool PortOperationRing::Finish(PortPendingOperation& operation, const PortAnswered& answered) {
  zx_status_t status = StatusForSource(answered.status);
  if (status == ZX_OK && std::holds_alternative<Control::LendHandler>(operation.handler)) {
    return false;  // the pages are on their way, by the other queue
  }
  if (status == ZX_OK && !Deliver(operation, answered)) {
    status = ZX_ERR_IO_DATA_INTEGRITY;
  }
  counters_->bad_answers += status == ZX_ERR_IO_DATA_INTEGRITY ? 1 : 0;
  ObserveAnswer(operation, status);
  EndOperation(operation, status);
  return true;
}

void PortOperationRing::ObserveAnswer(const PortPendingOperation& operation, zx_status_t status) const {
  for (PortObserver* observer : *observers_) {
    observer->OnOperationAnswered(operation.message, status);
  }
}

void PortOperationRing::FailAll() {
  auto with_guest = std::exchange(with_guest_, {});
  for (auto& [id, operation] : with_guest) {
    ObserveAnswer(operation, ZX_ERR_PEER_CLOSED);
    EndOperation(operation, ZX_ERR_PEER_CLOSED);
  }
}

}  // namespace dev
