// The device side of shared/abi/system_control.h: decodes the registers and tells the machine.
//
// Threads: registers are written by any CPU's thread; so the handler is called by any CPU's thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "devices/core/mmio_bus.h"

namespace dev {

// What the machine does when the guest asks. None of the values has been checked.
class SystemControlHandler {
 public:
  SystemControlHandler() = default;
  SystemControlHandler(const SystemControlHandler&) = delete;
  SystemControlHandler& operator=(const SystemControlHandler&) = delete;
  virtual ~SystemControlHandler() = default;

  virtual void OnExit(uint32_t exit_code) = 0;
  virtual void OnCpuStart(uint32_t cpu_index) = 0;
  // `page_table_root`: the CR3 for CPUs that are started from now on.
  virtual void OnCpuRoot(uint64_t page_table_root) = 0;
  // `report_address`: guest-physical address of an abi::CrashReport, if it is one.
  virtual void OnCrash(uint64_t report_address) = 0;
  // `area_address`: guest-physical address of an abi::DebugCallArea, if it is one.
  virtual void OnDebugArea(uint64_t area_address) = 0;
  // `record_address`: guest-physical address of an abi::CodeMapped, if it is one.
  virtual void OnCodeMapped(uint64_t record_address) = 0;
  // `address`: guest-physical address of an abi::Observation, if it is one.
  virtual void OnObservation(uint64_t address) = 0;
  // `report_address`: guest-physical address of an abi::FaultReport, if it is one.
  virtual void OnUserFault(uint64_t report_address) = 0;
};

class SystemControl final : public MmioDevice {
 public:
  // `handler` outlives this object.
  explicit SystemControl(SystemControlHandler& handler) : handler_(handler) {}

  void ReadRegister(uint64_t offset, std::span<std::byte> data) override;
  void WriteRegister(uint64_t offset, std::span<const std::byte> data) override;

  // Writes that matched no register.
  [[nodiscard]] uint64_t ignored_writes() const { return ignored_writes_.load(std::memory_order_relaxed); }

 private:
  SystemControlHandler& handler_;
  std::atomic<uint64_t> ignored_writes_{0};
};

}  // namespace dev
