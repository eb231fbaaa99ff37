// Guest kernel drivers and host device models in one process: RAM that both sides see, registers that lead from one to
// the other, interrupts that are counted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "devices/core/guest_memory.h"
#include "devices/core/interrupt_line.h"
#include "devices/virtio/mmio_transport.h"
#include "devices/virtio/virtio_device.h"
#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/types.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "tests/support/fake_arch/mmio.h"
#include "tests/support/fake_arch/ram.h"

namespace gk::test {

// The kernel's RAM, as devices see it too. Objects of the kernel must be gone before it: declare it first.
class TestRam {
 public:
  TestRam();

  [[nodiscard]] const dev::GuestMemory& memory() const { return memory_; }
  // The host's bytes of guest-physical memory.
  [[nodiscard]] std::byte* at(PhysicalAddress address) const { return arch::PhysicalToVirtual<std::byte>(address); }

 private:
  fake_arch::FakeRam ram_;
  dev::GuestMemory memory_;
};

// Counts the interrupts of a device and lets the test wait for them.
class CountingInterrupt final : public dev::InterruptLine {
 public:
  void Raise() override;
  [[nodiscard]] uint64_t count() const;
  // Waits until one has been raised since the last call; false when none comes within ten seconds.
  [[nodiscard]] bool Take();

 private:
  mutable std::mutex mutex_;
  std::condition_variable raised_;
  uint64_t count_ = 0;
  uint64_t taken_ = 0;
};

// A device model behind its transport, mapped where a driver finds it.
class PluggedDevice final : private fake_arch::RegisterModel {
 public:
  PluggedDevice(dev::VirtioDevice& device, const TestRam& ram);
  ~PluggedDevice() override { kernel_lock.Release(); }  // no doorbell is rung after it has gone

  [[nodiscard]] drivers::VirtioMmio driver() const { return drivers::VirtioMmio(window_.address()); }
  [[nodiscard]] dev::VirtioMmioTransport& transport() { return *transport_; }
  [[nodiscard]] CountingInterrupt& interrupt() { return interrupt_; }
  [[nodiscard]] uint64_t doorbells() const { return doorbells_; }  // writes to QueueNotify
  [[nodiscard]] VirtualAddress address() const { return window_.address(); }

  // To map them somewhere else as well.
  [[nodiscard]] fake_arch::RegisterModel& registers() { return *this; }

  // What the driver did that the transport did not take.
  [[nodiscard]] uint64_t complaints() const;

 private:
  uint32_t Read32(uint64_t offset) override;
  void Write32(uint64_t offset, uint32_t value) override;
  void Write64(uint64_t offset, uint64_t value) override;

  CountingInterrupt interrupt_;
  std::unique_ptr<dev::VirtioMmioTransport> transport_;
  fake_arch::RegisterWindow window_{*this};
  uint64_t doorbells_ = 0;
};

// A device without a thread or a will of its own: the test takes chains out of its queues and gives them back as it
// likes.
class HandServedDevice final : public dev::VirtioDevice {
 public:
  HandServedDevice(uint32_t id, std::vector<uint16_t> queue_sizes, std::span<const std::byte> config = {},
                   uint64_t features = 0);

  [[nodiscard]] uint32_t id() const override { return id_; }
  [[nodiscard]] uint64_t features() const override { return features_; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override { return queue_sizes_; }
  void ReadConfig(uint64_t offset, std::span<std::byte> data) override;
  void WriteConfig(uint64_t, std::span<const std::byte>) override {}
  void Activate(dev::Activation activation) override;
  dev::Activation Reset() override;

  [[nodiscard]] bool active() const { return activation_.has_value(); }
  [[nodiscard]] bool has_queue(size_t index) const { return activation_->queues[index].has_value(); }
  [[nodiscard]] dev::SplitQueue& queue(size_t index) { return activation_->queues[index]->ring; }

  // The next chain; nothing when there is none.
  [[nodiscard]] std::optional<dev::DescriptorChain> Take(size_t index);
  // Gives a chain back; true when the driver wants an interrupt for it.
  bool Give(size_t index, const dev::DescriptorChain& chain, uint32_t length);

  // As a device that has given up.
  void AskForReset() { activation_->interrupt.NotifyNeedsReset(); }

 private:
  uint32_t id_;
  std::vector<uint16_t> queue_sizes_;
  std::vector<std::byte> config_;
  uint64_t features_;
  std::optional<dev::Activation> activation_;
};

}  // namespace gk::test
