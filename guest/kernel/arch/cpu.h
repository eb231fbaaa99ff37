// What the scheduler needs of a CPU: a timer, a way to interrupt another one, and a way out of the kernel.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/arch/context.h"
#include "guest/kernel/arch/types.h"

namespace gk {
struct Cpu;
}

namespace gk::arch {

// Arms the calling CPU's one-shot timer (a time of CurrentTime's clock, ZX_TIME_INFINITE: off). When it fires,
// Scheduler::OnTimer is called. A deadline in the past fires at once.
void SetTimer(zx_time_t deadline);

// Makes the CPU with this index enter the kernel soon, if it runs user code or idles.
void InterruptCpu(uint32_t index);

// The calling CPU waits for something that another one does: the host may give its processor to others for a while.
// Returns at once where there are none.
void YieldToHost();

// The last thing before the kernel lock is let go of for ResumeUser.
void PrepareToResume();

// Runs user code of `state` in the address space with this root. Kernel lock not held. The thread enters the kernel
// again at the top of its kernel stack.
[[noreturn]] void ResumeUser(UserState& state, PhysicalAddress page_table_root);

// Halts until an interrupt arrives. Kernel lock not held. On a real CPU this does not return: the interrupt enters the
// kernel at the top of the idle thread's stack. The hosted version handles the interrupt and returns.
void Idle();

[[nodiscard]] Cpu& CurrentCpu();

// A hint to the CPU that this is a spin loop.
inline void SpinPause() { __builtin_ia32_pause(); }

}  // namespace gk::arch
