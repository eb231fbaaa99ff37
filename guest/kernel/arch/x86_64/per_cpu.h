// What one CPU has of its own: the scheduler's view of it and what the entry code needs.
//
// The entry code finds it without a segment base: every prebuilt frame of the CPU's nucleus area carries its address as
// the stack pointer.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/arch/context.h"
#include "guest/kernel/arch/x86_64/offsets.h"
#include "guest/kernel/sched/cpu.h"
#include "shared/abi/boot_info.h"

namespace gk::arch {

struct PerCpu {
  // Read and written by entry.S.
  uint64_t entry = 0;               // how the kernel was entered last: a vector or a NUCLEUS_ENTRY_ number
  UserState* user_state = nullptr;  // where the registers of the interrupted code go
  uint8_t* nucleus_data = nullptr;  // the data page of this CPU's nucleus area, through the physical map
  uint64_t kernel_root = 0;         // CR3
  uint64_t stack_top = 0;           // kernel stack of the current thread
  uint64_t crash_stack_top = 0;     // for faults of the kernel itself
  uint64_t error_code = 0;          // of the last exception
  uint64_t probe_stack = 0;         // while a probe runs: where to go on when it faults; else 0
  uint64_t fault_address = 0;       // of the last page fault of user code

  // Guest-physical address is given to KVM: see apic.cc and clock.cc.
  alignas(64) uint32_t paravirtual_eoi = 0;
  alignas(64) uint8_t time_page[64] = {};

  UserState idle_state;  // an idle CPU's "registers": written by the entry code, never read
  Cpu cpu;
};

static_assert(offsetof(PerCpu, entry) == PER_CPU_ENTRY);
static_assert(offsetof(PerCpu, user_state) == PER_CPU_USER_STATE);
static_assert(offsetof(PerCpu, nucleus_data) == PER_CPU_NUCLEUS_DATA);
static_assert(offsetof(PerCpu, kernel_root) == PER_CPU_KERNEL_ROOT);
static_assert(offsetof(PerCpu, stack_top) == PER_CPU_STACK_TOP);
static_assert(offsetof(PerCpu, crash_stack_top) == PER_CPU_CRASH_STACK_TOP);
static_assert(offsetof(PerCpu, error_code) == PER_CPU_ERROR_CODE);
static_assert(offsetof(PerCpu, probe_stack) == PER_CPU_PROBE_STACK);
static_assert(offsetof(PerCpu, fault_address) == PER_CPU_FAULT_ADDRESS);
static_assert(offsetof(UserRegisters, rax) == REGISTERS_RAX && offsetof(UserRegisters, rsp) == REGISTERS_RSP);
static_assert(offsetof(UserRegisters, r8) == REGISTERS_R8 && offsetof(UserRegisters, r15) == REGISTERS_R15);
static_assert(offsetof(UserRegisters, rip) == REGISTERS_RIP && offsetof(UserRegisters, rflags) == REGISTERS_RFLAGS);
static_assert(offsetof(UserState, registers) == 0);

extern PerCpu per_cpu[abi::kMaxCpus];

// The calling CPU's. Not on the crash stack.
[[nodiscard]] PerCpu& CurrentPerCpu();

}  // namespace gk::arch
