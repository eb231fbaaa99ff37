// Everything of a vCPU that a debug call changes, taken before and put back behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "devices/core/guest_memory.h"
#include "shared/base/range.h"
#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

class VcpuSnapshot {
 public:
  // Precondition: the vCPU stands still.
  static Result<VcpuSnapshot> Take(const KvmVcpu& vcpu, const dev::GuestMemory& memory);
  [[nodiscard]] Result<> Restore(KvmVcpu& vcpu, const dev::GuestMemory& memory) const;

  [[nodiscard]] const kvm_sregs& system() const { return system_; }

 private:
  kvm_regs registers_ = {};
  kvm_sregs system_ = {};
  kvm_fpu fpu_ = {};
  kvm_mp_state mp_state_ = {};
  kvm_vcpu_events events_ = {};
  // The nucleus' data page: a trap writes its frame on the trap stack at the end, and stubs use slots in it.
  uint64_t data_page_ = 0;  // guest-physical
  std::array<std::byte, base::kPageSize> data_ = {};
};

}  // namespace vmm
