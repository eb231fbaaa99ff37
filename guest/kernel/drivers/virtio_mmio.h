// The driver's side of the virtio-mmio transport, register layout version 2 (virtio 1.2 section 4.2.2).
//
// One object per device, used in this order (section 3.1.1):
//
//   Identify ─▶ Negotiate ─▶ AddQueue for each queue ─▶ Start ─▶ Notify …
//
// Whatever fails on the way leaves the device told so (FAILED) and using no memory of ours.
// Kernel lock held; nothing blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/lib/status.h"

namespace gk::drivers {

class VirtioMmio {
 public:
  // `registers`: where the device's page of registers is mapped, for as long as the object lives.
  constexpr explicit VirtioMmio(VirtualAddress registers) : registers_(registers) {}

  // ZX_ERR_NOT_FOUND: no virtio device of register layout 2 here, or another one than `device_id`.
  [[nodiscard]] Result<> Identify(uint32_t device_id) const;

  // Resets the device and agrees on features: VIRTIO_F_VERSION_1, VIRTIO_RING_F_EVENT_IDX where it is offered, and what
  // it offers of `wanted`, the device's own.
  // ZX_ERR_NOT_SUPPORTED: the device does without the first, or refuses what it offered.
  [[nodiscard]] Result<> Negotiate(uint64_t wanted = 0);

  // What was agreed on. Precondition: Negotiate has succeeded.
  [[nodiscard]] uint64_t features() const { return features_; }

  // Makes a queue of at most `size` entries (a power of two) and gives it to the device.
  // ZX_ERR_NOT_FOUND: the device has no such queue. ZX_ERR_NO_MEMORY. ZX_ERR_BAD_STATE: the device did not take it.
  [[nodiscard]] Result<SplitQueue> AddQueue(uint32_t index, uint16_t size);

  // From here on the device serves its queues.
  void Start();

  // Tells the device that queue `index` has something new: the expensive call.
  void Notify(uint32_t index) const;
  // The same, when the calling CPU lets go of the kernel lock (late_signals.h). Not for who waits with the lock held.
  void NotifyLate(uint32_t index) const;

  // A field of the device's configuration space; `offset` in bytes, a multiple of 4.
  [[nodiscard]] uint32_t ReadConfig(uint32_t offset) const;

  // True when the device says that it cannot go on (section 2.1.2).
  [[nodiscard]] bool needs_reset() const;

  // Takes all memory back from the device, for good: when this returns it reads and writes no queue and no buffer.
  // False when the device does not confirm it: then no memory that it had may ever be used again.
  [[nodiscard]] bool GiveUp();

 private:
  [[nodiscard]] uint32_t Read(uint32_t offset) const;
  void Write(uint32_t offset, uint32_t value) const;
  void WriteAddress(uint32_t low_offset, PhysicalAddress address) const;
  void AddStatus(uint32_t bits);
  [[nodiscard]] bool Reset();
  [[nodiscard]] Result<> Refuse();

  VirtualAddress registers_;
  uint32_t status_ = 0;  // what we last wrote
  uint64_t features_ = 0;
};

}  // namespace gk::drivers
