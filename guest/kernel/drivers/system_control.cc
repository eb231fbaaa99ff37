#include "guest/kernel/drivers/system_control.h"

#include "guest/kernel/arch/mmio.h"
#include "shared/abi/system_control.h"

namespace gk::drivers {

void SystemControl::Exit(uint32_t code) const {
  if (present()) {
    arch::WriteRegister32(registers_ + abi::kSystemControlExit, code);
  }
}

void SystemControl::SetCpuRoot(PhysicalAddress page_table_root) const {
  if (present()) {
    arch::WriteRegister64(registers_ + abi::kSystemControlCpuRoot, page_table_root);
  }
}

void SystemControl::StartCpu(uint32_t index) const {
  if (present()) {
    arch::WriteRegister32(registers_ + abi::kSystemControlCpuStart, index);
  }
}

void SystemControl::ReportCrash(PhysicalAddress report) const {
  if (present()) {
    arch::WriteRegister64(registers_ + abi::kSystemControlCrash, report);
  }
}

void SystemControl::AnnounceDebugArea(PhysicalAddress area) const {
  if (present()) {
    arch::WriteRegister64(registers_ + abi::kSystemControlDebugArea, area);
  }
}

void SystemControl::ReportCodeMapped(PhysicalAddress record) const {
  if (present()) {
    arch::WriteRegister64(registers_ + abi::kSystemControlCodeMapped, record);
  }
}

void SystemControl::AnnounceObservation(PhysicalAddress observation) const {
  if (present()) {
    arch::WriteRegister64(registers_ + abi::kSystemControlObservation, observation);
  }
}

void SystemControl::ReportFault(PhysicalAddress report) const {
  if (present()) {
    arch::WriteRegister64(registers_ + abi::kSystemControlFault, report);
  }
}

void SystemControl::Yield() const {
  if (present()) {
    arch::WriteRegister32(registers_ + abi::kSystemControlYield, 0);
  }
}

}  // namespace gk::drivers
