#include "guest/kernel/drivers/virtio_mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#define VIRTIO_RING_NO_LEGACY  // its functions are not C++
#include <linux/virtio_ring.h>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/mmio.h"
#include "guest/kernel/sched/cpu.h"

namespace gk::drivers {
namespace {

constexpr uint32_t kMagic = 0x74726976;  // "virt"
constexpr uint32_t kLayoutVersion = 2;

constexpr uint64_t kVersion1 = uint64_t{1} << VIRTIO_F_VERSION_1;
constexpr uint64_t kEventIndex = uint64_t{1} << VIRTIO_RING_F_EVENT_IDX;

// A device may take its time to reset (section 2.4.2); one that takes this many reads is broken.
constexpr uint32_t kResetReads = 100'000;

}  // namespace

uint32_t VirtioMmio::Read(uint32_t offset) const { return arch::ReadRegister32(registers_ + offset); }
void VirtioMmio::Write(uint32_t offset, uint32_t value) const { arch::WriteRegister32(registers_ + offset, value); }

void VirtioMmio::WriteAddress(uint32_t low_offset, PhysicalAddress address) const {
  Write(low_offset, static_cast<uint32_t>(address));
  Write(low_offset + 4, static_cast<uint32_t>(address >> 32));
}

// Bits are only ever added, except by a reset (section 2.1.1). They are remembered here because a read of the register
// is an exit to the monitor.
void VirtioMmio::AddStatus(uint32_t bits) {
  status_ |= bits;
  Write(VIRTIO_MMIO_STATUS, status_);
}

bool VirtioMmio::Reset() {
  status_ = 0;
  Write(VIRTIO_MMIO_STATUS, 0);
  for (uint32_t i = 0; i < kResetReads; ++i) {
    if (Read(VIRTIO_MMIO_STATUS) == 0) {
      return true;
    }
  }
  return false;
}

bool VirtioMmio::GiveUp() {
  arch::CurrentCpu().late_signals.Forget(registers_ + VIRTIO_MMIO_QUEUE_NOTIFY);
  const bool stopped = Reset();
  AddStatus(VIRTIO_CONFIG_S_FAILED);
  return stopped;
}

Result<> VirtioMmio::Refuse() {
  AddStatus(VIRTIO_CONFIG_S_FAILED);
  return Error(ZX_ERR_NOT_SUPPORTED);
}

Result<> VirtioMmio::Identify(uint32_t device_id) const {
  if (Read(VIRTIO_MMIO_MAGIC_VALUE) != kMagic || Read(VIRTIO_MMIO_VERSION) != kLayoutVersion ||
      Read(VIRTIO_MMIO_DEVICE_ID) != device_id) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  return {};
}

Result<> VirtioMmio::Negotiate(uint64_t wanted) {
  if (!Reset()) {
    return Refuse();
  }
  AddStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE);
  AddStatus(VIRTIO_CONFIG_S_DRIVER);
  Write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
  uint64_t offered = Read(VIRTIO_MMIO_DEVICE_FEATURES);
  Write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
  offered |= uint64_t{Read(VIRTIO_MMIO_DEVICE_FEATURES)} << 32;
  if ((offered & kVersion1) == 0) {
    return Refuse();
  }
  const uint64_t accepted = offered & (kVersion1 | kEventIndex | wanted);
  Write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
  Write(VIRTIO_MMIO_DRIVER_FEATURES, static_cast<uint32_t>(accepted));
  Write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
  Write(VIRTIO_MMIO_DRIVER_FEATURES, static_cast<uint32_t>(accepted >> 32));
  AddStatus(VIRTIO_CONFIG_S_FEATURES_OK);
  if ((Read(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
    return Refuse();
  }
  features_ = accepted;
  return {};
}

// Section 4.2.3.2.
Result<SplitQueue> VirtioMmio::AddQueue(uint32_t index, uint16_t size) {
  Write(VIRTIO_MMIO_QUEUE_SEL, index);
  const uint32_t largest = Read(VIRTIO_MMIO_QUEUE_NUM_MAX);
  if (Read(VIRTIO_MMIO_QUEUE_READY) != 0 || largest == 0) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  while (size > largest) {
    size = static_cast<uint16_t>(size / 2);
  }
  PAGODA_TRY_ASSIGN(SplitQueue queue, SplitQueue::Create(size, (features_ & kEventIndex) != 0));
  Write(VIRTIO_MMIO_QUEUE_NUM, size);
  WriteAddress(VIRTIO_MMIO_QUEUE_DESC_LOW, queue.descriptors_address());
  WriteAddress(VIRTIO_MMIO_QUEUE_AVAIL_LOW, queue.available_address());
  WriteAddress(VIRTIO_MMIO_QUEUE_USED_LOW, queue.used_address());
  Write(VIRTIO_MMIO_QUEUE_READY, 1);
  if (Read(VIRTIO_MMIO_QUEUE_READY) != 1) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return queue;
}

void VirtioMmio::Start() { AddStatus(VIRTIO_CONFIG_S_DRIVER_OK); }

// Without VIRTIO_F_NOTIFICATION_DATA the value is the queue's index (section 4.2.2).
void VirtioMmio::Notify(uint32_t index) const { Write(VIRTIO_MMIO_QUEUE_NOTIFY, index); }

void VirtioMmio::NotifyLate(uint32_t index) const {
  arch::CurrentCpu().late_signals.Ring(registers_ + VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

bool VirtioMmio::needs_reset() const { return (Read(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) != 0; }

uint32_t VirtioMmio::ReadConfig(uint32_t offset) const { return Read(VIRTIO_MMIO_CONFIG + offset); }

}  // namespace gk::drivers
