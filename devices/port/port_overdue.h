// Requests that a page source has had for too long: what is said of them, and what is done.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "devices/port/port_in_flight.h"

namespace dev {

struct PortOverdueRequest {
  std::string name;  // of the object, as the guest opened it
  PortHeldRequest request;
  std::chrono::nanoseconds age;
  bool failed;  // those who wait for it in the guest get ZX_ERR_TIMED_OUT
};

// One line for a person, without an end.
[[nodiscard]] std::string Describe(const PortOverdueRequest& overdue);

struct PortOptions {
  // A request that has waited for so long is overdue, and again each time that passes.
  std::chrono::nanoseconds overdue_after = std::chrono::seconds(20);
  // Whether waits for it fail then.
  bool fail_overdue = false;
  // Hears of it; on the service thread, must not block.
  std::function<void(const PortOverdueRequest&)> on_overdue = [](const PortOverdueRequest&) {};
};

}  // namespace dev
