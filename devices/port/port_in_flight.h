// The requests that page sources hold, in the order in which they become overdue.
//
// A request is overdue when it has waited for the period, and again each period after that. Nothing is decided here:
// the session reports it, and fails it where it was told to.
//
// Service thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

#include "shared/abi/port_device.h"

namespace dev {

using PortClock = std::chrono::steady_clock;

struct PortHeldRequest {
  uint64_t object;
  abi::PortRequestKind kind;  // kRead, kDirty, kComplete, kSync, or kLend for pages that are lent
  uint64_t offset;            // bytes
  uint64_t length;
  bool unasked = false;  // kRead for a supply: a page source wants the pages filled, and not somebody in the guest
};

// A request that page sources answer when they have written back, by operations of their own; it has no memory of the
// guest's.
[[nodiscard]] constexpr bool IsWriteBack(abi::PortRequestKind kind) {
  return kind == abi::PortRequestKind::kComplete || kind == abi::PortRequestKind::kSync;
}

class PortInFlight {
 public:
  enum class State : uint8_t {
    kHeld,
    kGivenUp,  // the guest has an answer already; the page source's own will be dropped
  };
  struct Record {
    PortHeldRequest request;
    PortClock::time_point since;
    PortClock::time_point due;
    State state = State::kHeld;
    // Of a COMPLETE or SYNC: how many operations its page source had asked for when it was last looked at, and how
    // often in a row there was none since.
    uint64_t operations = 0;
    uint32_t idle_periods = 0;
  };
  using Ticket = std::list<Record>::iterator;

  explicit PortInFlight(PortClock::duration period) : period_(period) {}

  // `now`: may lag behind a little.
  Ticket Begin(const PortHeldRequest& request, PortClock::time_point now) {
    if (spare_.empty()) {
      spare_.emplace_back();
    }
    const Ticket ticket = spare_.begin();
    held_.splice(held_.end(), spare_, ticket);
    *ticket = {.request = request, .since = now, .due = now + period_};
    return ticket;
  }
  void End(Ticket ticket) { spare_.splice(spare_.begin(), ticket->state == State::kHeld ? held_ : given_up_, ticket); }
  // It is not overdue any more, nor held.
  void GiveUp(Ticket ticket) {
    ticket->state = State::kGivenUp;
    given_up_.splice(given_up_.end(), held_, ticket);
  }

  // Those that have memory of the guest's.
  [[nodiscard]] size_t CountWithMemory() const {
    return static_cast<size_t>(std::count_if(held_.begin(), held_.end(),
                                             [](const Record& record) { return !IsWriteBack(record.request.kind); }));
  }
  [[nodiscard]] bool HasLoanOf(uint64_t object) const {
    return std::any_of(held_.begin(), held_.end(), [object](const Record& record) {
      return record.request.kind == abi::PortRequestKind::kLend && record.request.object == object;
    });
  }

  // When the next one becomes overdue; nullopt when nothing is held.
  [[nodiscard]] std::optional<PortClock::time_point> next_due() const {
    return held_.empty() ? std::nullopt : std::optional(held_.front().due);
  }

  // A request that is overdue at `now`, which will be again one period later; nullopt when there is none (any more).
  std::optional<Ticket> TakeOverdue(PortClock::time_point now) {
    if (held_.empty() || held_.front().due > now) {
      return std::nullopt;
    }
    held_.front().due = now + period_;
    const Ticket ticket = held_.begin();
    held_.splice(held_.end(), held_, ticket);
    return ticket;
  }

 private:
  PortClock::duration period_;
  std::list<Record> held_;  // ascending by `due`: the period is the same for all
  std::list<Record> given_up_;
  std::list<Record> spare_;  // nodes to use again
};

}  // namespace dev
