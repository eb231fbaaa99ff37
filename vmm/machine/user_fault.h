// A program of the guest that its kernel is about to kill for a fault, as the machine hears of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "devices/core/guest_memory.h"
#include "shared/abi/fault_report.h"
#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

struct UserFault {
  uint32_t cpu;                          // that reported it
  abi::FaultReport report;               // a private copy; no field of it is to be trusted
  std::vector<abi::FaultThread> others;  // the same: the program's other threads
  kvm_sregs system_registers;  // of that CPU: the kernel leaves the program's segment bases and vector registers alone
  kvm_fpu fpu;
};

// `vcpu` is the caller's. nullopt when the report does not lie in RAM.
[[nodiscard]] std::optional<UserFault> ReadUserFault(uint32_t cpu, const KvmVcpu& vcpu, const dev::GuestMemory& memory,
                                                     uint64_t report_address);

class UserFaultObserver {
 public:
  UserFaultObserver() = default;
  UserFaultObserver(const UserFaultObserver&) = delete;
  UserFaultObserver& operator=(const UserFaultObserver&) = delete;
  virtual ~UserFaultObserver() = default;

  // In the thread of the CPU that reported it, which goes on when this returns; several at a time, if the guest wants
  // it so. The program still has its memory; other threads of it may be running.
  virtual void OnUserFault(const UserFault& fault, const dev::GuestMemory& memory) = 0;
};

}  // namespace vmm
