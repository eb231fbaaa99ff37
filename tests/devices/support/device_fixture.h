// A device behind its transport, with a driver that sets up its queues: the start of every device test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "devices/virtio/mmio_transport.h"
#include "tests/devices/support/driver_queue.h"
#include "tests/devices/support/mmio_driver.h"
#include "tests/devices/support/recording_interrupt.h"
#include "tests/devices/support/test_memory.h"

namespace test {

class DrivenDevice {
 public:
  explicit DrivenDevice(dev::VirtioDevice& device)
      : transport(dev::VirtioMmioTransport::Create(device, memory.guest(), interrupt).value()),
        driver(*transport),
        queue0(memory, device.queue_sizes()[0]),
        queue1(memory, device.queue_sizes()[1]),
        queue2(memory, device.queue_sizes().size() > 2 ? device.queue_sizes()[2] : uint16_t{1}) {
    for (DriverQueue* queue : {&queue0, &queue1, &queue2}) {
      queue->UseEventIdx();
    }
  }

  // From reset to DRIVER_OK, with as many queues as the driver wants.
  void Start(uint64_t features = 0, uint32_t queues = 2) {
    driver.Negotiate(kVersion1 | kEventIdx | features);
    for (uint32_t index = 0; index < queues; ++index) {
      EXPECT_TRUE(driver.SetUpQueue(index, Queue(index).layout()));
    }
    driver.SetStatus(kDriverOk);
    EXPECT_EQ(driver.status(), kDriverOk);
  }

  void Post(uint32_t index, std::initializer_list<DriverBuffer> buffers) {
    PostSilently(index, buffers);
    NotifyIfAsked(index);
  }
  uint16_t PostSilently(uint32_t index, std::initializer_list<DriverBuffer> buffers) {
    return Queue(index).Post(buffers);
  }
  void NotifyIfAsked(uint32_t index) {
    if (Queue(index).ShouldNotify()) {
      ++doorbells;
      driver.Notify(index);
    }
  }

  // Sleeps until the device has used a chain, as a driver would: asks for an interrupt, looks again, waits.
  Used WaitForUsed(uint32_t index) {
    while (true) {
      const uint64_t seen = interrupt.count();
      if (const auto used = Queue(index).TakeUsed()) {
        return *used;
      }
      if (!Queue(index).EnableInterrupts()) {
        interrupt.WaitForCountAbove(seen);
      }
    }
  }
  void WaitForNeedsReset() {
    while ((driver.status() & VIRTIO_CONFIG_S_NEEDS_RESET) == 0) {
      const uint64_t seen = interrupt.count();
      if ((driver.status() & VIRTIO_CONFIG_S_NEEDS_RESET) == 0) {
        interrupt.WaitForCountAbove(seen);
      }
    }
  }

  DriverQueue& Queue(uint32_t index) { return index == 0 ? queue0 : index == 1 ? queue1 : queue2; }

  TestMemory memory;
  RecordingInterrupt interrupt;
  std::unique_ptr<dev::VirtioMmioTransport> transport;
  MmioDriver driver;
  DriverQueue queue0;
  DriverQueue queue1;
  DriverQueue queue2;
  uint64_t doorbells = 0;
};

}  // namespace test
