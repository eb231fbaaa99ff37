// What a CPU has to tell other CPUs and devices, kept until it lets go of the kernel lock.
//
// Each of these is an exit to the host, 40 to 65 us where traps are slow, and wakes somebody, to whom the host may give
// this processor at once: for as long as it likes if more threads than processors want one. With the lock held all the
// others would spin for it meanwhile. With 4 CPUs on 2 processors the lock was held for 94 % of the time, in stretches
// of a millisecond.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>

#include "guest/kernel/arch/tlb.h"
#include "guest/kernel/arch/types.h"

namespace gk {

class LateSignals {
 public:
  // Kernel lock held, here and in the next.
  void InterruptCpu(uint32_t index) { cpus_ |= CpuMask{1} << index; }
  // A store to a device's doorbell register. The device sees no less of memory for being told later.
  void Ring(VirtualAddress doorbell, uint32_t value);

  // The device is about to be reset.
  void Forget(VirtualAddress doorbell);

  [[nodiscard]] bool empty() const { return cpus_ == 0 && bell_count_ == 0; }

  // Kernel lock not held.
  void Send() const;

 private:
  struct Bell {
    VirtualAddress doorbell;
    uint32_t value;
  };
  static constexpr size_t kBells = 4;  // a port device has three queues

  CpuMask cpus_ = 0;
  uint32_t bell_count_ = 0;
  std::array<Bell, kBells> bells_{};
};

}  // namespace gk
