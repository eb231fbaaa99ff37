// How a CPU can be made to execute one instruction and stop.
//
// At CPL 3 the trap flag does it (SDM volume 3A, section 17.3.1.4), through the guest's vector 1. But it does not reach
// across the nucleus: an instruction that is meant to trap there (a system call; the kernel's ways to resume a thread
// and to call a service) is stepped over by a breakpoint where the code goes on. At CPL 0 KVM does it.
//
// Pure: no guest is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vmm/debug/cpu_context.h"

namespace vmm {

struct StepPlan {
  enum class Way {
    kTrapFlag,
    kBreakpoint,  // at `landing` in the address space `landing_root`
    kKvm,         // KVM_GUESTDBG_SINGLESTEP
  };
  Way way;
  uint64_t landing = 0;
  uint64_t landing_root = 0;
  bool pushes_flags = false;  // the flags that it pushes are not the program's: see FixPushedFlags

  bool operator==(const StepPlan&) const = default;
};

// Where an iretq of the nucleus, or the kernel's `ud2`, leads.
struct ResumeTarget {
  uint64_t rip;
  uint64_t cs;
};

// The longest instruction (SDM volume 2A, section 2.3.11).
inline constexpr size_t kMostCode = 15;

// `code`: the bytes at RIP, as many as there are up to kMostCode. `resume`: where it leads if it is one of the two.
[[nodiscard]] StepPlan PlanStep(const CpuContext& context, std::span<const std::byte> code,
                                std::optional<ResumeTarget> resume);

// The flags that `context`'s code should see: without our trap flag, and with the interrupts on that a program has on.
// `flags` are what the CPU has.
[[nodiscard]] uint64_t ProgramFlags(uint64_t flags, bool is_kernel);

// Whether the code belongs to the kernel proper.
[[nodiscard]] bool IsKernelCode(const CpuContext& context);

}  // namespace vmm
