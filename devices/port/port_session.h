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
#include "devices/port/port_request.h"
#include "devices/virtio/virtio_device.h"
#include "shared/abi/port_device.h"

namespace dev {

// How many objects a guest may have open at a time: bounds the host memory and descriptors that it can tie up.
inline constexpr size_t kPortMaxOpenObjects = 1024;

struct PortCounters {
  uint64_t opens = 0;     // that succeeded
  uint64_t reads = 0;     // handed to a page source
  uint64_t rejected = 0;  // requests that were answered with an error without asking a page source
  uint64_t sleeps = 0;    // times the service thread went to sleep
};

class PortSession {
 public:
  enum class Progress {
    kIdle,
    kWorked,
    kBroken,  // a ring made no sense, or a chain had no room for a reply: nothing more may be asked of this session
  };

  // All but the activation are borrowed and outlive the session.
  PortSession(Activation activation, const pager::Registry& registry, PortCompletions& completions,
              PortCounters& counters);
  PortSession(PortSession&&) = default;

  // Gives back what has been answered and serves at most one request of each queue.
  [[nodiscard]] Progress Serve();

  // Asks the driver for notifications and adds the doorbells to `descriptors`; false when there is work already.
  [[nodiscard]] bool PrepareToSleep(std::vector<pollfd>& descriptors);
  // Undoes it: from here on Serve is called until there is nothing more to do.
  void WakeUp();

  [[nodiscard]] VirtioInterrupt& interrupt() const { return activation_.interrupt; }

  // Closes all objects and waits until the page sources have answered what they held. Gives back what the session got;
  // it is of no use afterwards.
  [[nodiscard]] Activation End();

 private:
  struct Object {
    std::shared_ptr<pager::PageSource> source;
    uint64_t size;  // bytes
  };

  [[nodiscard]] bool ServeAnswers();
  [[nodiscard]] Progress ServeQueue(uint32_t index);
  void Execute(uint32_t queue, const PortCall& call, PortCompletion completion);
  [[nodiscard]] abi::PortReply Open(const PortOpen& open);
  [[nodiscard]] abi::PortReply Close(const PortClose& close);
  [[nodiscard]] abi::PortReply Reject(zx_status_t status);
  // nullopt: the page source answers.
  [[nodiscard]] std::optional<abi::PortReply> Read(const PortRead& read, const PortCompletion& completion);
  void GiveBack(uint32_t queue, const PortCompletion& completion);

  Activation activation_;
  const pager::Registry& registry_;
  PortCompletions& completions_;
  PortCounters& counters_;
  std::unordered_map<uint64_t, Object> objects_;
  uint64_t next_object_ = 1;    // not reused within a session: a stale id names nothing
  size_t reads_in_flight_ = 0;  // with page sources, or answered and not given back yet
};

}  // namespace dev
