// What a virtio device is, apart from the transport that it sits behind (virtio 1.2 section 2).
//
//            Activate(queues, …) moves the queues in
//   INACTIVE ───────────────────────────────────────▶ ACTIVE
//            ◀───────────────────────────────────────
//            Reset() gives them back
//
// A device holds its queues exactly while it is active: it keeps `std::variant<Inactive, Activation>`-like state and
// no flags beside it. Status bits, feature negotiation, queue addresses and the interrupt status are the transport's;
// the device never sees them.
//
// Threads: the transport calls these functions under its lock, one at a time. A device serves its queues from one
// thread of its own, which may use the VirtioInterrupt at any time between Activate and the end of Reset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "devices/core/guest_memory.h"
#include "devices/virtio/split_queue.h"

namespace dev {

// A device's way to the driver. Any thread; never blocks, takes no lock.
class VirtioInterrupt {
 public:
  VirtioInterrupt() = default;
  VirtioInterrupt(const VirtioInterrupt&) = delete;
  VirtioInterrupt& operator=(const VirtioInterrupt&) = delete;
  virtual ~VirtioInterrupt() = default;

  // Used-buffer notification: when SplitQueue::PublishUsed says so.
  virtual void NotifyUsed() = 0;
  // The device cannot go on before the driver resets it (section 2.1.2).
  virtual void NotifyNeedsReset() = 0;
};

struct ActiveQueue {
  SplitQueue ring;
  int doorbell;  // eventfd, borrowed from the transport: readable when the driver has notified this queue
};

// What a device gets when the driver is ready, and gives back at reset.
struct Activation {
  std::vector<std::optional<ActiveQueue>> queues;  // by queue index; nullopt where the driver set none up
  uint64_t features;                               // negotiated
  const GuestMemory& memory;                       // outlives the activation, as does `interrupt`
  VirtioInterrupt& interrupt;
};

class VirtioDevice {
 public:
  VirtioDevice() = default;
  VirtioDevice(const VirtioDevice&) = delete;
  VirtioDevice& operator=(const VirtioDevice&) = delete;
  virtual ~VirtioDevice() = default;

  [[nodiscard]] virtual uint32_t id() const = 0;
  // The device's own feature bits (0..23, 50..127 in section 2.2); the transport adds its own and those of the queues.
  [[nodiscard]] virtual uint64_t features() const = 0;
  // The largest size of each queue, a power of two. Constant.
  [[nodiscard]] virtual std::span<const uint16_t> queue_sizes() const = 0;

  // Configuration space (section 2.5). `offset` and size are unchecked; what lies outside reads as zeros.
  virtual void ReadConfig(uint64_t offset, std::span<std::byte> data) = 0;
  virtual void WriteConfig(uint64_t offset, std::span<const std::byte> data) = 0;

  // Precondition: inactive. Cannot fail; a driver that left out a queue the device needs gets NotifyNeedsReset.
  virtual void Activate(Activation activation) = 0;
  // Precondition: active. When it returns the device uses neither queues nor guest memory nor the interrupt any more.
  virtual Activation Reset() = 0;
};

// For ReadConfig: copies what `config` has at `offset`, zeros beyond its end.
void ReadConfigBytes(std::span<const std::byte> config, uint64_t offset, std::span<std::byte> data);

}  // namespace dev
