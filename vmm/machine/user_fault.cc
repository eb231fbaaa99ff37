#include "vmm/machine/user_fault.h"

#include <algorithm>
#include <span>

namespace vmm {

std::optional<UserFault> ReadUserFault(uint32_t cpu, const KvmVcpu& vcpu, const dev::GuestMemory& memory,
                                       uint64_t report_address) {
  UserFault fault = {.cpu = cpu, .report = {}, .others = {}, .system_registers = {}, .fpu = {}};
  if (!memory.CopyIn(report_address, std::as_writable_bytes(std::span(&fault.report, 1)))) {
    return std::nullopt;
  }
  const uint32_t count = std::min(fault.report.other_count, abi::kFaultReportMostThreads);
  fault.others.resize(count);
  if (!memory.CopyIn(fault.report.others, std::as_writable_bytes(std::span(fault.others)))) {
    fault.others.clear();
  }
  if (auto system = vcpu.GetSystemRegisters(); system.ok()) {
    fault.system_registers = system.value();
  }
  if (auto fpu = vcpu.GetFpu(); fpu.ok()) {
    fault.fpu = fpu.value();
  }
  return fault;
}

}  // namespace vmm
