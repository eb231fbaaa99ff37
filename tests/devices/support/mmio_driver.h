// A guest's virtio-mmio driver, as far as every device needs it: registers by name, negotiation, queues.
#pragma once

#include <cstdint>
#include <span>

#include "devices/core/mmio_bus.h"
#include "devices/virtio/linux_virtio.h"
#include "tests/devices/support/driver_queue.h"

namespace test {

inline constexpr uint64_t kVersion1 = uint64_t{1} << VIRTIO_F_VERSION_1;
inline constexpr uint64_t kEventIdx = uint64_t{1} << VIRTIO_RING_F_EVENT_IDX;
inline constexpr uint64_t kIndirect = uint64_t{1} << VIRTIO_RING_F_INDIRECT_DESC;

// What the status reads as after each step of the initialization (virtio 1.2 section 3.1.1).
inline constexpr uint32_t kAcknowledged = VIRTIO_CONFIG_S_ACKNOWLEDGE;
inline constexpr uint32_t kDriverFound = kAcknowledged | VIRTIO_CONFIG_S_DRIVER;
inline constexpr uint32_t kFeaturesOk = kDriverFound | VIRTIO_CONFIG_S_FEATURES_OK;
inline constexpr uint32_t kDriverOk = kFeaturesOk | VIRTIO_CONFIG_S_DRIVER_OK;

class MmioDriver {
 public:
  explicit MmioDriver(dev::MmioDevice& registers) : registers_(registers) {}

  uint32_t Read(uint64_t offset) { return ReadAs<uint32_t>(offset); }
  void Write(uint64_t offset, uint32_t value) { WriteAs<uint32_t>(offset, value); }
  template <typename T>
  T ReadAs(uint64_t offset) {
    T value;
    registers_.ReadRegister(offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  template <typename T>
  void WriteAs(uint64_t offset, T value) {
    registers_.WriteRegister(offset, std::as_bytes(std::span(&value, 1)));
  }

  uint32_t status() { return Read(VIRTIO_MMIO_STATUS); }
  void SetStatus(uint32_t value) { Write(VIRTIO_MMIO_STATUS, value); }
  uint64_t OfferedFeatures() {
    Write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    const uint64_t high = Read(VIRTIO_MMIO_DEVICE_FEATURES);
    Write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return high << 32 | Read(VIRTIO_MMIO_DEVICE_FEATURES);
  }
  void AcceptFeatures(uint64_t features) {
    Write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    Write(VIRTIO_MMIO_DRIVER_FEATURES, static_cast<uint32_t>(features));
    Write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    Write(VIRTIO_MMIO_DRIVER_FEATURES, static_cast<uint32_t>(features >> 32));
  }

  // Steps 1 to 6: from reset to FEATURES_OK.
  void Negotiate(uint64_t features) {
    SetStatus(0);
    SetStatus(kAcknowledged);
    SetStatus(kDriverFound);
    AcceptFeatures(features);
    SetStatus(kFeaturesOk);
  }
  // Steps 7: all but QueueReady.
  void DescribeQueue(uint32_t index, const dev::QueueLayout& layout) {
    Write(VIRTIO_MMIO_QUEUE_SEL, index);
    Write(VIRTIO_MMIO_QUEUE_NUM, layout.size);
    WriteAddress(VIRTIO_MMIO_QUEUE_DESC_LOW, layout.descriptors);
    WriteAddress(VIRTIO_MMIO_QUEUE_AVAIL_LOW, layout.available);
    WriteAddress(VIRTIO_MMIO_QUEUE_USED_LOW, layout.used);
  }
  // True when the device took it.
  bool SetUpQueue(uint32_t index, const dev::QueueLayout& layout) {
    DescribeQueue(index, layout);
    Write(VIRTIO_MMIO_QUEUE_READY, 1);
    return Read(VIRTIO_MMIO_QUEUE_READY) == 1;
  }
  void Notify(uint32_t queue) { Write(VIRTIO_MMIO_QUEUE_NOTIFY, queue); }

 private:
  void WriteAddress(uint64_t low, uint64_t address) {
    Write(low, static_cast<uint32_t>(address));
    Write(low + 4, static_cast<uint32_t>(address >> 32));
  }

  dev::MmioDevice& registers_;
};

}  // namespace test
