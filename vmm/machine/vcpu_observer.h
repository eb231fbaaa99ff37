// Somebody who wants to know when vCPUs leave the guest: a timeline.
#pragma once

#include <chrono>
#include <cstdint>

#include "vmm/machine/exit_counters.h"

namespace vmm {

class VcpuObserver {
 public:
  VcpuObserver() = default;
  VcpuObserver(const VcpuObserver&) = delete;
  VcpuObserver& operator=(const VcpuObserver&) = delete;
  virtual ~VcpuObserver() = default;

  // The monitor has dealt with an exit of this CPU, from `begin` to `end`. Called by the vCPU's thread, which waits.
  virtual void OnExitHandled(uint32_t cpu, ExitKind kind, std::chrono::steady_clock::time_point begin,
                             std::chrono::steady_clock::time_point end) = 0;
};

}  // namespace vmm
