// The port device (shared/abi/port_device.h): page requests from the guest to host pagers, and the answers back.
//
// The layers, each readable without the others:
//   PortDevice           what the transport sees; the service thread
//   PortSession          one activation: moves requests between queues and page sources
//   PortOperationRing    its queue in the other direction, for operations of page sources
//   port_request.h       turns a descriptor chain into a checked request; port_answer.h one into a checked answer
//   devices/pager        answers requests, wants operations; knows nothing of queues
//
// A READ is handed to its page source with the guest's pages as they are; the source answers at once or later, from any
// thread. Answers collect in PortCompletions, which the service thread empties into the used ring.
//
// Threads: one service thread, from Create to the destructor. After a request it polls for a bounded, adaptive time
// (AdaptivePoll), because a wake-up costs more than most page faults; then it asks for notifications, looks once more
// and sleeps in poll(). Lock order: the transport's, `mutex_`, those inside PortCompletions and PortOperations.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>

#include "devices/core/error.h"
#include "devices/core/event_fd.h"
#include "devices/core/service_thread.h"
#include "devices/pager/registry.h"
#include "devices/port/port_completions.h"
#include "devices/port/port_session.h"
#include "devices/virtio/virtio_device.h"
#include "shared/abi/port_device.h"
#include "shared/base/result.h"

namespace dev {

class PortDevice final : public VirtioDevice {
 public:
  // `registry` outlives the device and does not change any more. Fails when the host has no descriptor or thread left.
  static base::Result<std::unique_ptr<PortDevice>, Error> Create(const pager::Registry& registry,
                                                                 PortOptions options = {});
  ~PortDevice() override;

  [[nodiscard]] uint32_t id() const override { return abi::kVirtioIdPort; }
  [[nodiscard]] uint64_t features() const override { return uint64_t{1} << abi::kPortFeatureOperations; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override;
  void ReadConfig(uint64_t offset, std::span<std::byte> data) override;
  void WriteConfig(uint64_t offset, std::span<const std::byte> data) override;
  void Activate(Activation activation) override;
  // Closes all objects and waits until the page sources have answered what they held.
  Activation Reset() override;

  [[nodiscard]] PortCounters counters() const;

 private:
  struct Inactive {};
  // Waits for the driver's reset.
  struct Broken {
    PortSession session;
  };
  enum class Pass { kStopped, kIdle, kWorked };

  PortDevice(const pager::Registry& registry, PortOptions options, EventFd wake)
      : registry_(registry), options_(std::move(options)), wake_(std::move(wake)) {}

  void Serve();
  [[nodiscard]] Pass ServePass(PortClock::time_point now);
  // False when there was work, so that nobody slept.
  [[nodiscard]] bool Sleep();
  [[nodiscard]] PortSession TakeSession();

  const pager::Registry& registry_;
  const PortOptions options_;
  const EventFd wake_;  // activation, reset, stop, and what page sources want while the thread sleeps
  PortCompletions completions_{wake_};

  mutable std::mutex mutex_;
  std::variant<Inactive, PortSession, Broken> state_;  // this and the rest: guarded by mutex_
  PortCounters counters_;
  bool stopping_ = false;

  ServiceThread thread_;  // last: it uses all of the above
};

}  // namespace dev
