// What happens at the port device, for whoever wants to know: statistics, a timeline, a record of what was asked for.
//
//   OnOpened ──▶ OnRequest, OnOperation in any number ──▶ OnAnswered, OnOperationAnswered for each ──▶ OnClosed
//
// What has no answer when its object is closed gets none, or one that comes later.
//
// Called with the device's lock held, mostly by the service thread, one call at a time: a call must be short, must not
// block on anything that takes longer than a copy, and must not call the device. Without an observer nothing is called
// and no clock is read.
#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <string_view>

#include "devices/pager/page_source.h"
#include "devices/port/port_in_flight.h"
#include "shared/abi/port_device.h"

namespace dev {

class PortObserver {
 public:
  PortObserver() = default;
  PortObserver(const PortObserver&) = delete;
  PortObserver& operator=(const PortObserver&) = delete;
  virtual ~PortObserver() = default;

  // The guest has a VMO of `source` under the number `object`, which it opened by `name` (any bytes, from the guest).
  // Not called again for further opens.
  virtual void OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) = 0;
  virtual void OnClosed(uint64_t object, const pager::PageSource& source) = 0;

  // Requests that a page source gets (kRead, kDirty, kSync, kComplete), pages of a supply that it fills (kRead,
  // unasked), and pages that it was lent (kLend). `ticket` names the request until its answer; the number may be used
  // again then.
  virtual void OnRequest(uint64_t ticket, const PortHeldRequest& request, PortClock::time_point now) = 0;
  // kLend: the pages were given back. Also when the guest was answered long ago (a COMPLETE that was given up).
  virtual void OnAnswered(uint64_t ticket, const PortHeldRequest& request, zx_status_t status,
                          PortClock::duration took) = 0;

  // Operations of page sources on the guest's VMO.
  virtual void OnOperation(const abi::PortOperation& operation) = 0;
  virtual void OnOperationAnswered(const abi::PortOperation& operation, zx_status_t status) = 0;
};

}  // namespace dev
