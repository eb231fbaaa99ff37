// The devices of a machine: which there are, where their registers lie, which interrupts they have.
//
//   0xd0000000 SystemControl │ 0xd0001000 console, vector 0x30 │ 0xd0002000 port, vector 0x31, if there are pagers
//
// The guest learns all of it from the boot information. Devices that sit behind virtio-mmio are wired here the same
// way: one eventfd per queue for doorbells, one for the interrupt.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "devices/console/console_device.h"
#include "devices/core/guest_memory.h"
#include "devices/core/mmio_bus.h"
#include "devices/pager/registry.h"
#include "devices/port/port_device.h"
#include "devices/system_control/system_control.h"
#include "devices/virtio/mmio_transport.h"
#include "shared/abi/boot_info.h"
#include "vmm/base/error.h"
#include "vmm/machine/interrupt_line.h"

namespace vmm {

// Borrowed; all outlive the devices.
struct DeviceSurroundings {
  KvmVm& vm;
  const dev::GuestMemory& memory;
  dev::SystemControlHandler& handler;
  const pager::Registry& pagers;
  dev::PortOptions port;
  dev::ConsoleFiles console;
};

class DeviceSet {
 public:
  static Result<std::unique_ptr<DeviceSet>> Create(const DeviceSurroundings& surroundings);

  [[nodiscard]] const dev::MmioBus& bus() const { return bus_; }
  [[nodiscard]] dev::ConsoleDevice& console() { return *console_; }

  // Fills in `devices` and `device_count`.
  void Describe(abi::BootInfo& info) const;

 private:
  // A virtio device behind its transport.
  struct Slot {
    std::unique_ptr<KvmInterruptLine> interrupt;
    std::unique_ptr<dev::VirtioMmioTransport> transport;
  };

  explicit DeviceSet(dev::SystemControlHandler& handler) : system_control_(handler) {}
  Result<> InsertSystemControl();
  Result<> InsertPort(const DeviceSurroundings& surroundings);
  Result<> InsertVirtio(const DeviceSurroundings& surroundings, std::string name, dev::VirtioDevice& device);

  dev::SystemControl system_control_;
  std::unique_ptr<dev::ConsoleDevice> console_;
  std::unique_ptr<dev::PortDevice> port_;  // null: no pagers
  std::vector<Slot> slots_;                // each transport resets its device when it goes
  std::vector<abi::DeviceEntry> entries_;
  dev::MmioBus bus_;
};

}  // namespace vmm
