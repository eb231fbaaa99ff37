// The virtio-mmio transport against any sequence of register accesses. The device is active exactly while the status
// says DRIVER_OK, and only with queues that lie in RAM and are no larger than the device allows.
#include "devices/virtio/mmio_transport.h"

#include <array>
#include <iterator>

#include "tests/devices/support/mmio_driver.h"
#include "tests/devices/support/recording_device.h"
#include "tests/devices/support/recording_interrupt.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using test::Require;

class Fuzzer {
 public:
  explicit Fuzzer(test::FuzzInput input) : input_(input) {}

  void Run() {
    if (input_.Below(2) == 0) {
      driver_.Negotiate(test::kVersion1);
    }
    while (!input_.empty()) {
      Step();
      Check();
    }
  }

 private:
  void Step() {
    switch (input_.Below(8)) {
      case 0:
        driver_.ReadAs<uint32_t>(input_.Below(dev::kVirtioMmioSize - 4));
        break;
      case 1:
        driver_.ReadAs<uint64_t>(input_.Below(dev::kVirtioMmioSize - 8));
        break;
      case 2:
        driver_.WriteAs<uint8_t>(input_.Below(dev::kVirtioMmioSize), input_.Take<uint8_t>());
        break;
      case 3:
        driver_.SetStatus(input_.Take<uint8_t>());
        break;
      case 4:
        driver_.SetUpQueue(input_.Below(3), queue_.layout());
        break;
      case 5:
        NotifyNeedsReset();
        break;
      default:
        driver_.Write(input_.Below(64) * 4, input_.Take<uint32_t>());
    }
  }

  void NotifyNeedsReset() {
    if (device_.active) {
      device_.active->interrupt.NotifyNeedsReset();
    }
  }

  void Check() {
    Require(device_.active.has_value() == ((driver_.status() & VIRTIO_CONFIG_S_DRIVER_OK) != 0));
    if (device_.active) {
      const auto& queues = device_.active->queues;
      Require(queues.size() == device_.queue_sizes().size());
      Require((device_.active->features & test::kVersion1) != 0);
      for (size_t index = 0; index < queues.size(); ++index) {
        Require(!queues[index] || queues[index]->ring.size() <= device_.queue_sizes()[index]);
      }
    }
  }

  test::FuzzInput input_;
  test::TestMemory memory_;
  test::RecordingDevice device_;
  test::RecordingInterrupt interrupt_;
  test::DriverQueue queue_{memory_, 8};
  std::unique_ptr<dev::VirtioMmioTransport> transport_ =
      dev::VirtioMmioTransport::Create(device_, memory_.guest(), interrupt_).value();
  test::MmioDriver driver_{*transport_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fuzzer(test::FuzzInput(data, size)).Run();
  return 0;
}
