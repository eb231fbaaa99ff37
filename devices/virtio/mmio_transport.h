// The virtio-mmio transport, register layout version 2 (virtio 1.2 section 4.2): written once, for every device.
//
//   status  0 ─▶ ACKNOWLEDGE ─▶ DRIVER ─▶ FEATURES_OK ─▶ DRIVER_OK ─▶ (NEEDS_RESET)      writing 0: reset, from
//   anywhere
//           └───────── Setup: queues are addresses ─────────┘└─ Live: the device has the queues
//
// Registers are 32 bits wide; the configuration space behind them takes accesses of 1, 2, 4 and 8 bytes. What the
// specification forbids a driver to do is ignored and counted.
//
// Threads: ReadRegister and WriteRegister from any CPU's thread, one at a time under the lock of this object. The
// VirtioInterrupt side takes no lock, so that a device thread can use it while Reset waits for that thread.
// Lock order: this lock, then the device's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/event_fd.h"
#include "devices/core/guest_memory.h"
#include "devices/core/interrupt_line.h"
#include "devices/core/mmio_bus.h"
#include "devices/virtio/queue_registers.h"
#include "devices/virtio/virtio_device.h"
#include "shared/base/result.h"

namespace dev {

inline constexpr uint64_t kVirtioMmioSize = 0x1000;  // bytes of registers

// What the guest did that a driver must not do. All counts are since creation.
struct TransportCounters {
  uint64_t bad_accesses = 0;      // wrong width or alignment, undefined register, read of a write-only register
  uint64_t refused_writes = 0;    // a register written in a state that does not allow it, or to a value it cannot have
  uint64_t refused_queues = 0;    // QueueReady with a layout that SplitQueue does not take
  uint64_t refused_features = 0;  // FEATURES_OK with bits that were not offered, or without VERSION_1
  uint64_t needs_reset = 0;       // times the device gave up on the driver
};

class VirtioMmioTransport final : public MmioDevice, private VirtioInterrupt {
 public:
  // All three outlive the transport; the transport resets the device before it goes. Fails when eventfds run out.
  static base::Result<std::unique_ptr<VirtioMmioTransport>, Error> Create(VirtioDevice& device,
                                                                          const GuestMemory& memory,
                                                                          InterruptLine& interrupt);
  ~VirtioMmioTransport() override;

  void ReadRegister(uint64_t offset, std::span<std::byte> data) override;
  void WriteRegister(uint64_t offset, std::span<const std::byte> data) override;

  // The eventfd of each queue, for KVM_IOEVENTFD: QueueNotify, 4 bytes, datamatch = queue index. Constant. A
  // notification that arrives as a register write has the same effect.
  [[nodiscard]] size_t queue_count() const { return doorbells_.size(); }
  [[nodiscard]] int doorbell(size_t queue) const { return doorbells_[queue].fd(); }

  [[nodiscard]] TransportCounters counters() const;

 private:
  // Before DRIVER_OK: what the driver has written so far.
  struct Setup {
    std::vector<QueueRegisters> queues;
  };
  // From DRIVER_OK on: the device holds the queues; here is only what QueueReady reads as.
  struct Live {
    std::vector<bool> ready;
  };

  VirtioMmioTransport(VirtioDevice& device, const GuestMemory& memory, InterruptLine& interrupt,
                      std::vector<EventFd> doorbells);

  void NotifyUsed() override;
  void NotifyNeedsReset() override;

  [[nodiscard]] uint32_t ReadLocked(uint64_t offset);
  [[nodiscard]] uint32_t QueueReadyLocked() const;
  void WriteLocked(uint64_t offset, uint32_t value);
  void WriteQueueLocked(uint64_t offset, uint32_t value);
  void WriteDriverFeaturesLocked(uint32_t value);
  void WriteStatusLocked(uint32_t value);
  void SetQueueReadyLocked(QueueRegisters& queue, uint32_t value);
  void NotifyQueueLocked(uint32_t queue);
  void ActivateLocked();
  void ResetLocked();
  [[nodiscard]] uint64_t OfferedFeatures() const;
  [[nodiscard]] bool FeaturesAcceptable() const;
  [[nodiscard]] Setup EmptySetup() const;

  VirtioDevice& device_;
  const GuestMemory& memory_;
  InterruptLine& interrupt_;
  const std::vector<EventFd> doorbells_;

  std::mutex mutex_;
  std::variant<Setup, Live> state_;  // this and the following up to the atomics: guarded by mutex_
  uint32_t status_ = 0;              // bits the driver has set (section 2.1)
  uint64_t driver_features_ = 0;
  uint32_t device_features_select_ = 0;
  uint32_t driver_features_select_ = 0;
  uint32_t queue_select_ = 0;

  std::atomic<uint32_t> needs_reset_{0};  // VIRTIO_CONFIG_S_NEEDS_RESET or 0; written by the device's thread
  std::atomic<uint32_t> interrupt_status_{0};

  struct Counts {
    std::atomic<uint64_t> bad_accesses{0};
    std::atomic<uint64_t> refused_writes{0};
    std::atomic<uint64_t> refused_queues{0};
    std::atomic<uint64_t> refused_features{0};
    std::atomic<uint64_t> needs_reset{0};
  };
  Counts counts_;
};

}  // namespace dev
