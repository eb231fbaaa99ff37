// One activation of the port device, from DRIVER_OK to reset: the queues, the open objects, the requests in flight.
//
// It has no thread and no lock; PortDevice calls it under its own.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "devices/pager/registry.h"
#include "devices/port/port_completions.h"
#include "devices/port/port_counters.h"
#include "devices/port/port_in_flight.h"
#include "devices/port/port_inquiries.h"
#include "devices/port/port_objects.h"
#include "devices/port/port_operation_ring.h"
#include "devices/port/port_operations.h"
#include "devices/port/port_overdue.h"
#include "devices/port/port_request.h"
#include "devices/virtio/virtio_device.h"
#include "shared/abi/port_device.h"

namespace dev {

// How many objects a guest may have open at a time: bounds the host memory and descriptors that it can tie up.
inline constexpr size_t kPortMaxOpenObjects = 1024;

// How many periods in a row (PortOptions::overdue_after) a page source may do nothing for a COMPLETE or SYNC, when no
// timeout was asked for.
inline constexpr uint32_t kPortIdlePeriods = 3;

// What a session borrows; all outlive it.
struct PortSurroundings {
  const pager::Registry& registry;
  const PortOptions& options;
  PortCompletions& completions;
  PortCounters& counters;
  const EventFd& wake;  // signalled when a page source wants something while the service thread sleeps
};

class PortSession {
 public:
  enum class Progress {
    kIdle,
    kWorked,
    kBroken,  // a ring made no sense, or a chain had no room for a reply: nothing more may be asked of this session
  };

  PortSession(Activation activation, const PortSurroundings& surroundings);
  PortSession(PortSession&&) = default;

  // Gives back what has been answered, sends operations, and serves at most one request of each queue. `now` is the
  // time, or a little earlier.
  [[nodiscard]] Progress Serve(PortClock::time_point now);

  // Asks the driver for notifications and adds the doorbells to `descriptors`; false when there is work already.
  [[nodiscard]] bool PrepareToSleep(std::vector<pollfd>& descriptors);
  // Undoes it: from here on Serve is called until there is nothing more to do.
  void WakeUp();
  // When Serve wants to be called again even if nothing happens.
  [[nodiscard]] std::optional<PortClock::time_point> next_due() const { return in_flight_.next_due(); }

  [[nodiscard]] VirtioInterrupt& interrupt() const { return activation_.interrupt; }

  // Closes all objects and waits until the page sources have answered what they held, leases included. Gives back what
  // the session got; it is of no use afterwards.
  [[nodiscard]] Activation End();

 private:
  [[nodiscard]] bool ServeAnswers();
  [[nodiscard]] Progress ServeInquiries();
  [[nodiscard]] zx_status_t JudgeStatus(const PortHeldRequest& request, zx_status_t status);
  [[nodiscard]] Progress ServeRequests(uint32_t index);
  [[nodiscard]] Progress ServeOperations();
  void ServeOverdue(PortClock::time_point now);
  // False when its page source is still at work, or may be.
  [[nodiscard]] bool GiveUpWriteBack(PortInFlight::Ticket ticket);

  // One for each kind of request. The reply; nullopt: a pager or page source answers.
  using Reply = std::optional<abi::PortReply>;
  [[nodiscard]] Reply Execute(const PortRejected& rejected, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortOpen& open, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortClose& close, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortList& list, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortRead& read, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortDirty& dirty, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortComplete& complete, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortSync& sync, const PortCompletion& completion);
  [[nodiscard]] Reply Execute(const PortLend& lend, const PortCompletion& completion);

  [[nodiscard]] abi::PortReply Conclude(PortOpenAnswer& answer);
  [[nodiscard]] abi::PortReply Conclude(PortListAnswer& answer);
  void Conclude(const PortInquiry& inquiry);
  [[nodiscard]] abi::PortReply Reject(zx_status_t status);
  void Attach(uint64_t id, const PortOpenObject& object);
  // What brings back the answer to a request that a page source gets now.
  [[nodiscard]] std::unique_ptr<pager::Answer> Owe(const PortCompletion& completion, const PortHeldRequest& request);
  // The same for COMPLETE and SYNC.
  [[nodiscard]] std::unique_ptr<pager::Answer> OweWriteBack(const PortCompletion& completion, uint64_t object,
                                                            abi::PortRequestKind kind);
  [[nodiscard]] bool has_operations() const;
  PortInFlight::Ticket BeginRequest(const PortHeldRequest& request);
  void EndRequest(PortInFlight::Ticket ticket, zx_status_t status);
  void ObserveClosed(uint64_t object, const pager::PageSource& source);
  void GiveBack(uint32_t queue, const PortCompletion& completion);
  void Publish(ActiveQueue& queue);

  Activation activation_;
  const pager::Registry& registry_;
  const PortOptions& options_;
  PortCompletions& completions_;
  PortCounters& counters_;
  PortClock::time_point now_;
  PortObjects objects_;
  PortInFlight in_flight_;  // with page sources, or answered and not given back yet
  // COMPLETE and SYNC that page sources have, by ticket.
  std::unordered_map<const PortInFlight::Record*, PortCompletion> write_backs_;
  std::shared_ptr<PortInquiries> inquiries_;
  std::shared_ptr<PortOperations> operations_;
  PortOperationRing operation_ring_;
};

}  // namespace dev
