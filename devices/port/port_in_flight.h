// The requests that page sources hold, in the order in which they become overdue.
//
// A request is overdue when it has waited for the period, and again each period after that. Nothing is decided here:
// the session reports it, and fails it where it was told to.
//
// Service thread only.
#pragma once

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
  abi::PortRequestKind kind;  // kRead, kDirty, kComplete, or kLend for pages that are lent
  uint64_t offset;            // bytes
  uint64_t length;
};

class PortInFlight {
 public:
  struct Record {
    PortHeldRequest request;
    PortClock::time_point since;
    PortClock::time_point due;
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
  void End(Ticket ticket) { spare_.splice(spare_.begin(), held_, ticket); }

  [[nodiscard]] size_t size() const { return held_.size(); }

  // When the next one becomes overdue; nullopt when nothing is held.
  [[nodiscard]] std::optional<PortClock::time_point> next_due() const {
    return held_.empty() ? std::nullopt : std::optional(held_.front().due);
  }

  // A request that is overdue at `now`, which will be again one period later; nullopt when there is none (any more).
  std::optional<Record> TakeOverdue(PortClock::time_point now) {
    if (held_.empty() || held_.front().due > now) {
      return std::nullopt;
    }
    held_.front().due = now + period_;
    const Record record = held_.front();
    held_.splice(held_.end(), held_, held_.begin());
    return record;
  }

 private:
  PortClock::duration period_;
  std::list<Record> held_;   // ascending by `due`: the period is the same for all
  std::list<Record> spare_;  // nodes to use again
};

}  // namespace dev
