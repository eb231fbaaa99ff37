// The code that a vCPU which stands still was in the middle of, wherever its registers are.
//
// A vCPU that stopped by a trap stands in the nucleus, at the iretq of a debug stub (shared/abi/debug_trap.h), and five
// of the interrupted code's registers are in the frame that RSP points at. One that was thrown out of the guest has all
// of them in KVM. Whoever reads and writes a context need not care which it is.
//
// Threads: that of the vCPU, or any while it stands still.
#pragma once

#include <cstdint>
#include <optional>

#include "devices/core/guest_memory.h"
#include "vmm/debug/guest_view.h"
#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

inline constexpr uint64_t kFlagTrap = 1u << 8;
inline constexpr uint64_t kFlagInterrupts = 1u << 9;

// What the CPU pushes when it traps (SDM volume 3A, figure 6-9).
struct TrapFrame {
  uint64_t rip, cs, rflags, rsp, ss;
};

struct CpuContext {
  kvm_regs registers;             // RIP, RFLAGS and RSP too are the interrupted code's
  uint64_t cs, ss;                // selectors
  uint64_t root;                  // CR3
  std::optional<uint64_t> frame;  // guest-physical address of its TrapFrame, where it has one

  [[nodiscard]] bool in_nucleus() const { return (cs & 3) == 0; }
};

// In which state the vCPU is: at the `out` of a debug stub, whose exit is being handled, or at rest.
enum class StandingAt { kDebugExit, kRest };

[[nodiscard]] Result<CpuContext> ReadContext(const KvmVcpu& vcpu, const dev::GuestMemory& memory, StandingAt standing);
// Writes the general registers, RIP and RFLAGS. Precondition: `context` came from ReadContext, and the vCPU has not
// run. At a debug exit only RIP, RFLAGS and RSP can be changed.
[[nodiscard]] Result<> WriteContext(KvmVcpu& vcpu, const dev::GuestMemory& memory, const CpuContext& context,
                                    StandingAt standing);

// Whether `rip`, at CPL 0, is the iretq of a debug stub.
[[nodiscard]] bool IsBehindDebugOut(const GuestView& view, uint64_t rip);

}  // namespace vmm
