#include "guest/kernel/arch/tlb.h"

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/vm/kernel_space.h"

namespace gk::arch {

// A CPU in the mask had in_user set under the kernel lock, before it loaded CR3; it clears the flag as the first thing
// that it does in the kernel, before it waits for the lock that we hold. So once the flag is clear, whatever it cached
// is gone (it left through a CR3 load), and it cannot set the flag again without the lock.
void InvalidateAddressSpace(CpuMask running) {
  const uint32_t self = CurrentCpu().index;
  for (uint32_t index = 0; index < abi::kMaxCpus; ++index) {
    if (index != self && (running & (CpuMask{1} << index)) != 0 &&
        per_cpu[index].cpu.in_user.load(std::memory_order_acquire)) {
      InterruptCpu(index);
    }
  }
  for (uint32_t index = 0; index < abi::kMaxCpus; ++index) {
    if (index != self && (running & (CpuMask{1} << index)) != 0) {
      while (per_cpu[index].cpu.in_user.load(std::memory_order_acquire)) {
        SpinPause();
      }
    }
  }
}

void InvalidateKernelSpace() { NucleusLoadRoot(kernel_space::page_table().root()); }

}  // namespace gk::arch
