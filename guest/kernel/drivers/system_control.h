// SystemControl (shared/abi/system_control.h): what the kernel asks of the monitor outside of any queue.
//
// Usable in a panic: each call is one store to a register.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"

namespace gk::drivers {

class SystemControl {
 public:
  // Without a device: the calls do nothing.
  constexpr SystemControl() = default;
  // `registers`: where the device's page of registers is mapped.
  constexpr explicit SystemControl(VirtualAddress registers) : registers_(registers) {}

  [[nodiscard]] bool present() const { return registers_ != 0; }

  // Ends the run with this exit code. May return: the caller must not go on.
  void Exit(uint32_t code) const;

  // The CR3 with which CPUs are started from now on.
  void SetCpuRoot(PhysicalAddress page_table_root) const;

  // Starts the CPU with this index at the kernel's entry point.
  void StartCpu(uint32_t index) const;

  // Ends the run with the abi::CrashReport at this address. May return: the caller must not go on.
  void ReportCrash(PhysicalAddress report) const;

  // Tells the monitor's debugger where it can make calls: an abi::DebugCallArea.
  void AnnounceDebugArea(PhysicalAddress area) const;

  // Tells it which pages are executable now: an abi::CodeMapped, which may change again when this returns.
  void ReportCodeMapped(PhysicalAddress record) const;

  // Tells the monitor what it can watch: an abi::Observation, which stays there.
  void AnnounceObservation(PhysicalAddress observation) const;

  // Tells of a program's end with the abi::FaultReport at this address, which is free again when this returns.
  void ReportFault(PhysicalAddress report) const;

  // Lets the host run something else than the calling CPU for a while, if it has something.
  void Yield() const;

 private:
  VirtualAddress registers_ = 0;
};

}  // namespace gk::drivers
