// The virtio console (virtio 1.2 section 5.3), one port: the guest's output to a descriptor, a descriptor to its input.
//
// Output is taken in batches: all chains that are available are written with one writev, then given back with at most
// one interrupt. Nothing here blocks while it holds the lock: where the output would block, the rest of the batch stays
// in the active state until the descriptor is ready again. Input is read straight into the buffers that the guest has
// posted, and only while there are some.
//
// Threads: one service thread, from Create to the destructor; it sleeps in poll() when there is nothing to do. `mutex_`
// guards the state; it is taken after the transport's lock and is never held across a blocking call.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "devices/console/console_input.h"
#include "devices/console/console_output.h"
#include "devices/core/error.h"
#include "devices/core/event_fd.h"
#include "devices/core/service_thread.h"
#include "devices/virtio/virtio_device.h"
#include "shared/base/result.h"

namespace dev {

// Borrowed descriptors; both outlive the device. They may be blocking or not: the device polls before it reads or
// writes.
struct ConsoleFiles {
  int output;
  std::optional<int> input;
  ConsoleWatcher* watcher = nullptr;  // of the output; outlives the device
};

class ConsoleDevice final : public VirtioDevice {
 public:
  static constexpr uint16_t kReceiveQueue = 0;
  static constexpr uint16_t kTransmitQueue = 1;

  // Fails when the host has no descriptor or thread left.
  static base::Result<std::unique_ptr<ConsoleDevice>, Error> Create(ConsoleFiles files);
  ~ConsoleDevice() override;

  [[nodiscard]] uint32_t id() const override;
  [[nodiscard]] uint64_t features() const override { return 0; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override;
  void ReadConfig(uint64_t offset, std::span<std::byte> data) override;
  void WriteConfig(uint64_t offset, std::span<const std::byte> data) override;
  void Activate(Activation activation) override;
  Activation Reset() override;

  // Writes out whatever the guest had posted when this was called. For the machine's stop, after the CPUs have stopped.
  // Any thread that holds no lock of this device or its transport. False when the output did not take it all in time.
  [[nodiscard]] bool Flush(std::chrono::milliseconds timeout);

  // What the output refused (closed, disk full): it is dropped so that the guest goes on.
  [[nodiscard]] LostOutput lost_output() const;

 private:
  struct Inactive {};
  struct Active {
    Activation activation;
    ConsoleOutput output;
    ConsoleInput input;
  };
  // A ring made no sense; waits for the driver's reset.
  struct Broken {
    Activation activation;
  };
  struct Wait;  // what the service thread shall sleep on

  ConsoleDevice(ConsoleFiles files, EventFd wake) : files_(files), wake_(std::move(wake)) {}
  void Serve();
  void ServeLocked(Wait& wait);
  [[nodiscard]] base::Result<void, QueueError> TransmitLocked(Active& active, Wait& wait);
  [[nodiscard]] base::Result<void, QueueError> ReceiveLocked(Active& active, Wait& wait);
  static void SleepOnDoorbell(ActiveQueue& queue, Wait& wait);
  [[nodiscard]] bool IsDrainedLocked() const;

  const ConsoleFiles files_;
  const EventFd wake_;  // activation, reset, flush, stop

  mutable std::mutex mutex_;
  std::condition_variable drained_;
  std::variant<Inactive, Active, Broken> state_;  // this and the rest: guarded by mutex_
  LostOutput lost_;
  bool stopping_ = false;

  ServiceThread thread_;  // last: it uses all of the above
};

}  // namespace dev
