// What to do when a vCPU leaves guest mode: carry out the access that it was in the middle of, or say why it is dead.
//
// Threads: any vCPU's thread, several at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "devices/core/mmio_bus.h"
#include "vmm/kvm/kvm_vcpu.h"
#include "vmm/machine/stop_reason.h"

namespace vmm {

// Accesses that hit nothing. A real board's bus would float: reads give ones, writes vanish.
struct StrayCounters {
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t port_accesses = 0;  // there are no I/O ports at all
};

class ExitDispatcher {
 public:
  // `bus` outlives this object.
  explicit ExitDispatcher(const dev::MmioBus& bus) : bus_(bus) {}

  // Handles the exit in `run`. nullopt: the vCPU goes on. Otherwise it must not run again.
  std::optional<VcpuFailure> Dispatch(uint32_t cpu, kvm_run& run);

  [[nodiscard]] StrayCounters stray_accesses() const;

 private:
  void AccessMemory(kvm_run& run);
  void AccessPort(kvm_run& run);

  const dev::MmioBus& bus_;
  std::atomic<uint64_t> stray_reads_{0};
  std::atomic<uint64_t> stray_writes_{0};
  std::atomic<uint64_t> port_accesses_{0};
};

}  // namespace vmm
