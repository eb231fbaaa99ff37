// The port device (shared/abi/port_device.h): page requests from the guest to host pagers, and back.
//
// Three layers meet here and each can be read without the others: port_request.h turns a descriptor chain into a
// checked request, this class moves requests between the queues and the page sources, devices/pager answers them.
//
// A READ is handed to its page source with the guest's pages as they are; the source answers at once or later, from any
// thread. Answers collect in a list (PortCompletions) that the service thread empties into the used ring.
//
// Threads: one service thread, from Create to the destructor. After a request it polls the queues for a bounded, adaptive
// time (AdaptivePoll), because a wake-up costs more than most page faults; then it asks for notifications, looks once
// more and sleeps in poll(). Lock order: transport, `mutex_`, the completion list's.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <variant>

#include "devices/core/error.h"
#include "devices/core/event_fd.h"
#include "devices/core/service_thread.h"
#include "devices/pager/registry.h"
#include "devices/port/adaptive_poll.h"
#include "devices/port/port_completions.h"
#include "devices/port/port_request.h"
#include "devices/virtio/virtio_device.h"
#include "shared/abi/port_device.h"
#include "shared/base/result.h"

namespace dev {

// How many objects a guest may have open at a time: bounds the host memory and descriptors that it can tie up.
inline constexpr size_t kPortMaxOpenObjects = 1024;

struct PortCounters {
  uint64_t opens = 0;     // that succeeded
  uint64_t reads = 0;     // handed to a page source
  uint64_t rejected = 0;  // requests answered without asking a page source
  uint64_t sleeps = 0;    // times the service thread went to sleep
};

class PortDevice final : public VirtioDevice {
 public:
  // `registry` outlives the device and does not change any more. Fails when the host has no descriptor or thread left.
  static base::Result<std::unique_ptr<PortDevice>, Error> Create(const pager::Registry& registry);
  ~PortDevice() override;

  [[nodiscard]] uint32_t id() const override { return abi::kVirtioIdPort; }
  [[nodiscard]] uint64_t features() const override { return 0; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override;
  void ReadConfig(uint64_t offset, std::span<std::byte> data) override;
  void WriteConfig(uint64_t offset, std::span<const std::byte> data) override;
  void Activate(Activation activation) override;
  // Waits for the page sources to answer what they hold, then closes all objects.
  Activation Reset() override;

  [[nodiscard]] PortCounters counters() const;

 private:
  struct Inactive {};
  struct Active {
    Activation activation;
    std::unordered_map<uint64_t, std::shared_ptr<pager::PageSource>> objects;
    uint64_t reads_in_flight = 0;
  };

  PortDevice(const pager::Registry& registry, EventFd wake) : registry_(registry), wake_(std::move(wake)) {}

  void Serve();
  [[nodiscard]] bool ServeOnceLocked(Active& active);
  [[nodiscard]] bool ServeQueueLocked(Active& active, uint32_t queue);
  [[nodiscard]] bool ServeCompletionsLocked(Active& active);
  void ExecuteLocked(Active& active, uint32_t queue, const DescriptorChain& chain);
  void ReadLocked(Active& active, const PortCall& call, const DescriptorChain& chain);
  [[nodiscard]] abi::PortReply OpenLocked(Active& active, const PortCall& call);
  [[nodiscard]] abi::PortReply CloseLocked(Active& active, const PortCall& call);

  const pager::Registry& registry_;
  const EventFd wake_;  // activation, reset, stop, and answers while the thread sleeps
  PortCompletions completions_{wake_};

  mutable std::mutex mutex_;
  std::variant<Inactive, Active> state_;  // this and the rest: guarded by mutex_
  uint64_t next_object_ = 1;              // never reused, so that a stale id names nothing
  PortCounters counters_;
  bool stopping_ = false;

  ServiceThread thread_;  // last: it uses all of the above
};

}  // namespace dev
