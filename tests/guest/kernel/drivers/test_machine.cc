#include "tests/guest/kernel/drivers/test_machine.h"

#include <linux/virtio_mmio.h>

#include <chrono>
#include <cstdlib>
#include <utility>

namespace gk::test {
namespace {

// A result that a test cannot go on without.
template <typename R>
auto Must(R result) {
  if (!result.ok()) {
    std::abort();
  }
  return std::move(result).value();
}

}  // namespace

TestRam::TestRam()
    : memory_(
          Must(dev::GuestMemory::Create({{.base = 0, .host = std::span(at(0), fake_arch::FakeRam::kDefaultSize)}}))) {}

void CountingInterrupt::Raise() {
  const std::lock_guard lock(mutex_);
  ++count_;
  raised_.notify_all();
}

uint64_t CountingInterrupt::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool CountingInterrupt::Take() {
  std::unique_lock lock(mutex_);
  const bool raised = raised_.wait_for(lock, std::chrono::seconds(10), [this] { return taken_ != count_; });
  taken_ = count_;
  return raised;
}

PluggedDevice::PluggedDevice(dev::VirtioDevice& device, const TestRam& ram)
    : transport_(Must(dev::VirtioMmioTransport::Create(device, ram.memory(), interrupt_))) {}

uint64_t PluggedDevice::complaints() const {
  const dev::TransportCounters counters = transport_->counters();
  return counters.bad_accesses + counters.refused_writes + counters.refused_queues + counters.refused_features;
}

uint32_t PluggedDevice::Read32(uint64_t offset) {
  uint32_t value = 0;
  transport_->ReadRegister(offset, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void PluggedDevice::Write32(uint64_t offset, uint32_t value) {
  doorbells_ += offset == VIRTIO_MMIO_QUEUE_NOTIFY ? 1 : 0;
  transport_->WriteRegister(offset, std::as_bytes(std::span(&value, 1)));
}

void PluggedDevice::Write64(uint64_t offset, uint64_t value) {
  transport_->WriteRegister(offset, std::as_bytes(std::span(&value, 1)));
}

HandServedDevice::HandServedDevice(uint32_t id, std::vector<uint16_t> queue_sizes, std::span<const std::byte> config,
                                   uint64_t features)
    : id_(id), queue_sizes_(std::move(queue_sizes)), config_(config.begin(), config.end()), features_(features) {}

void HandServedDevice::ReadConfig(uint64_t offset, std::span<std::byte> data) {
  dev::ReadConfigBytes(config_, offset, data);
}

void HandServedDevice::Activate(dev::Activation activation) { activation_.emplace(std::move(activation)); }

dev::Activation HandServedDevice::Reset() {
  dev::Activation activation = std::move(*activation_);
  activation_.reset();
  return activation;
}

std::optional<dev::DescriptorChain> HandServedDevice::Take(size_t index) { return Must(queue(index).Pop()); }

bool HandServedDevice::Give(size_t index, const dev::DescriptorChain& chain, uint32_t length) {
  queue(index).AddUsed(chain.head(), length);
  const bool wants_interrupt = queue(index).PublishUsed();
  if (wants_interrupt) {
    activation_->interrupt.NotifyUsed();
  }
  return wants_interrupt;
}

}  // namespace gk::test
