// Requests that a page source has had for too long, or answers with a status that none may have: what is said of them,
// and what is done.
#pragma once

#include <zircon/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "devices/port/port_in_flight.h"

namespace dev {

class PortObserver;

struct PortOverdueRequest {
  std::string name;  // of the object, as the guest opened it
  PortHeldRequest request;
  std::chrono::nanoseconds age;
  bool failed;  // those who wait for it in the guest get ZX_ERR_TIMED_OUT; COMPLETE: the guest waits no longer
};

// A READ or DIRTY that was answered with a status that ZX_PAGER_OP_FAIL does not permit: the guest gets ZX_ERR_IO.
struct PortUnfitAnswer {
  std::string name;  // of the object, as the guest opened it
  PortHeldRequest request;
  zx_status_t status;
};

// One line for a person, without an end.
[[nodiscard]] std::string Describe(const PortOverdueRequest& overdue);
[[nodiscard]] std::string Describe(const PortUnfitAnswer& unfit);

struct PortOptions {
  // A request that has waited for so long is overdue, and again each time that passes.
  std::chrono::nanoseconds overdue_after = std::chrono::seconds(20);
  // Whether waits for it fail then.
  bool fail_overdue = false;
  // Hear of it, of the unfit ones only the first; on the service thread, must not block.
  std::function<void(const PortOverdueRequest&)> on_overdue = [](const PortOverdueRequest&) {};
  std::function<void(const PortUnfitAnswer&)> on_unfit = [](const PortUnfitAnswer&) {};
  // Hear of everything (port_observer.h), in this order; outlive the device.
  std::vector<PortObserver*> observers = {};
};

}  // namespace dev
