#include "guest/kernel/drivers/drivers.h"

#include <linux/virtio_ids.h>

#include "guest/kernel/vm/kernel_space.h"
#include "shared/abi/port_device.h"
#include "shared/base/immortal.h"

namespace gk::drivers {
namespace {

constinit base::Immortal<Console> the_console;
constinit base::Immortal<PortClient> the_port;
constinit SystemControl the_system_control;
constinit bool port_running = false;
constinit uint32_t port_vector = 0;
constinit uint32_t console_vector = 0;  // 0: there is no console; no device has this vector

const abi::DeviceEntry* FindDevice(const abi::BootInfo& info, abi::DeviceKind kind, uint32_t virtio_id) {
  for (uint32_t i = 0; i < info.device_count; ++i) {
    if (info.devices[i].kind == kind && info.devices[i].virtio_id == virtio_id) {
      return &info.devices[i];
    }
  }
  return nullptr;
}

Result<VirtualAddress> MapRegisters(const abi::DeviceEntry& device) {
  return kernel_space::MapDeviceRegisters(device.registers, kPageSize);
}

Result<> InitializeSystemControl(const abi::BootInfo& info) {
  if (const auto* device = FindDevice(info, abi::DeviceKind::kSystemControl, 0)) {
    PAGODA_TRY_ASSIGN(const VirtualAddress registers, MapRegisters(*device));
    the_system_control = SystemControl(registers);
  }
  return {};
}

Result<> InitializeConsole(const abi::BootInfo& info) {
  if (const auto* device = FindDevice(info, abi::DeviceKind::kVirtioMmio, VIRTIO_ID_CONSOLE)) {
    PAGODA_TRY_ASSIGN(const VirtualAddress registers, MapRegisters(*device));
    PAGODA_TRY(the_console->Start(VirtioMmio(registers)));
    console_vector = device->interrupt_vector;
  }
  return {};
}

Result<> InitializePort(const abi::BootInfo& info) {
  if (const auto* device = FindDevice(info, abi::DeviceKind::kVirtioMmio, abi::kVirtioIdPort)) {
    PAGODA_TRY_ASSIGN(const VirtualAddress registers, MapRegisters(*device));
    PAGODA_TRY(the_port->Start(VirtioMmio(registers)));
    port_running = true;
    port_vector = device->interrupt_vector;
  }
  return {};
}

}  // namespace

Result<> Initialize(const abi::BootInfo& info) {
  if (info.device_count > abi::kMaxDevices) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  // In this order: what fails later can be told to the monitor, then to the user.
  Result<> system_control_result = InitializeSystemControl(info);
  Result<> console_result = InitializeConsole(info);
  Result<> port_result = InitializePort(info);
  PAGODA_TRY(system_control_result);
  PAGODA_TRY(console_result);
  return port_result;
}

void OnInterrupt(uint32_t vector) {
  if (port_running && vector == port_vector) {
    the_port->OnInterrupt();
  }
  if (console_vector != 0 && vector == console_vector) {
    the_console->input().OnInterrupt();
  }
}

Console& console() { return *the_console; }
SystemControl& system_control() { return the_system_control; }
PortClient* port() { return port_running ? &*the_port : nullptr; }

}  // namespace gk::drivers
