#include "vmm/machine/device_set.h"

#include <linux/virtio_mmio.h>

#include <algorithm>

#include "shared/base/range.h"

namespace vmm {
namespace {

constexpr uint64_t kSystemControlBase = 0xd000'0000;
constexpr uint64_t kVirtioBase = 0xd000'1000;
constexpr uint32_t kFirstVector = 0x30;

base::Failure<Error> FromDevice(dev::Error error) { return {Error(kExitHostFailure, std::move(error.message))}; }

// Makes a write of `queue` to QueueNotify signal the queue's eventfd instead of leaving the guest for us.
Result<> BindDoorbells(KvmVm& vm, const dev::VirtioMmioTransport& transport, uint64_t registers) {
  for (size_t queue = 0; queue < transport.queue_count(); ++queue) {
    kvm_ioeventfd binding = {};
    binding.addr = registers + VIRTIO_MMIO_QUEUE_NOTIFY;
    binding.len = sizeof(uint32_t);
    binding.datamatch = queue;
    binding.fd = transport.doorbell(queue);
    binding.flags = KVM_IOEVENTFD_FLAG_DATAMATCH;
    PAGODA_TRY(vm.AssignIoEventFd(binding));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DeviceSet>> DeviceSet::Create(const DeviceSurroundings& surroundings) {
  std::unique_ptr<DeviceSet> set(new DeviceSet(surroundings.handler));
  PAGODA_TRY(set->InsertSystemControl());

  auto console = dev::ConsoleDevice::Create(surroundings.console);
  if (!console.ok()) {
    return FromDevice(std::move(console).error());
  }
  set->console_ = std::move(console).value();
  PAGODA_TRY(set->InsertVirtio(surroundings, "console", *set->console_));

  // A device is fifty registers to set up, each an exit: a quarter of the way to main where traps are slow.
  if (!surroundings.pagers.empty()) {
    PAGODA_TRY(set->InsertPort(surroundings));
  }

  std::vector<uint32_t> vectors;
  for (size_t slot = 0; slot < set->slots_.size(); ++slot) {
    vectors.push_back(kFirstVector + static_cast<uint32_t>(slot));
  }
  PAGODA_TRY(RouteInterrupts(surroundings.vm, vectors));
  return set;
}

Result<> DeviceSet::InsertSystemControl() {
  auto inserted = bus_.Insert("system control", kSystemControlBase, base::kPageSize, system_control_);
  if (!inserted.ok()) {
    return FromDevice(std::move(inserted).error());
  }
  entries_.push_back({.kind = abi::DeviceKind::kSystemControl,
                      .virtio_id = 0,
                      .registers = kSystemControlBase,
                      .interrupt_vector = 0,
                      .reserved = 0});
  return {};
}

Result<> DeviceSet::InsertPort(const DeviceSurroundings& surroundings) {
  auto port = dev::PortDevice::Create(surroundings.pagers, surroundings.port);
  if (!port.ok()) {
    return FromDevice(std::move(port).error());
  }
  port_ = std::move(port).value();
  return InsertVirtio(surroundings, "port", *port_);
}

Result<> DeviceSet::InsertVirtio(const DeviceSurroundings& surroundings, std::string name, dev::VirtioDevice& device) {
  const auto gsi = static_cast<uint32_t>(slots_.size());
  const uint64_t registers = kVirtioBase + gsi * base::kPageSize;
  PAGODA_TRY_ASSIGN(std::unique_ptr<KvmInterruptLine> interrupt, KvmInterruptLine::Create(surroundings.vm, gsi));
  auto transport = dev::VirtioMmioTransport::Create(device, surroundings.memory, *interrupt);
  if (!transport.ok()) {
    return FromDevice(std::move(transport).error());
  }
  auto inserted = bus_.Insert(std::move(name), registers, dev::kVirtioMmioSize, *transport.value());
  if (!inserted.ok()) {
    return FromDevice(std::move(inserted).error());
  }
  PAGODA_TRY(BindDoorbells(surroundings.vm, *transport.value(), registers));
  slots_.push_back({std::move(interrupt), std::move(transport).value()});
  entries_.push_back({.kind = abi::DeviceKind::kVirtioMmio,
                      .virtio_id = device.id(),
                      .registers = registers,
                      .interrupt_vector = kFirstVector + gsi,
                      .reserved = 0});
  return {};
}

void DeviceSet::Describe(abi::BootInfo& info) const {
  info.device_count = static_cast<uint32_t>(entries_.size());
  std::copy(entries_.begin(), entries_.end(), info.devices);
}

}  // namespace vmm
