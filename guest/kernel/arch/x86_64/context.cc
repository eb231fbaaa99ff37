// Kernel thread contexts and user state, see arch/context.h and arch/cpu.h.
#include "guest/kernel/arch/context.h"

#include <string.h>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/x86_64/late_entry.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/arch/x86_64/probe.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/kernel_space.h"
#include "guest/nucleus/layout.h"

extern "C" {
void SwitchStacks(uint64_t* from_rsp, uint64_t to_rsp);
void StartOnStack();
}

namespace gk::arch {

constinit PerCpu per_cpu[abi::kMaxCpus];

Result<KernelStack> KernelStack::Allocate() {
  PAGODA_TRY_ASSIGN(kernel_space::StackMemory memory, kernel_space::AllocateStack());
  static_assert(kernel_space::kStackSize == kKernelStackSize);
  GK_ASSERT(base::IsAligned(memory.base, kKernelStackSize));
  return KernelStack(memory.base, true);
}

KernelStack::~KernelStack() {
  if (allocated_) {
    kernel_space::FreeStack({.base = bottom_, .size = kKernelStackSize});
  }
}

void AdoptContext(KernelStack& stack, Thread* thread) { *reinterpret_cast<Thread**>(stack.bottom()) = thread; }

void PrepareContext(KernelContext& context, KernelStack& stack, Thread* thread, void (*function)(void*),
                    void* argument) {
  AdoptContext(stack, thread);
  // What SwitchStacks pops: r15, r14, r13, r12, rbp, rbx, return address.
  auto* slots = reinterpret_cast<uint64_t*>(stack.top()) - 8;
  slots[2] = reinterpret_cast<uint64_t>(argument);
  slots[3] = reinterpret_cast<uint64_t>(function);
  slots[6] = reinterpret_cast<uint64_t>(&StartOnStack);
  slots[0] = slots[1] = slots[4] = slots[5] = slots[7] = 0;
  context.rsp = reinterpret_cast<uint64_t>(slots);
}

void SwitchContext(KernelContext& from, KernelContext& to) { SwitchStacks(&from.rsp, to.rsp); }

void InitialiseUserState(UserState& state) {
  // FXSAVE's layout, SDM volume 1, table 10-2: the control words' reset values, all exceptions masked.
  const uint16_t x87_control = 0x37f;
  const uint32_t mxcsr = 0x1f80;
  memcpy(state.fxsave, &x87_control, sizeof(x87_control));
  memcpy(state.fxsave + 24, &mxcsr, sizeof(mxcsr));
}

// Segment bases change only by WRFSBASE in user code, which is there exactly where this kernel can use it too.
void SaveUserState(UserState& state) {
  asm volatile("fxsave64 %0" : "=m"(state.fxsave));
  if (HasFsBaseInstructions()) {
    asm volatile("rdfsbase %0" : "=r"(state.fs_base));
    asm volatile("rdgsbase %0" : "=r"(state.gs_base));
  }
}

void RestoreUserState(UserState& state) {
  asm volatile("fxrstor64 %0" : : "m"(state.fxsave));
  if (HasFsBaseInstructions()) {
    asm volatile("wrfsbase %0" : : "r"(state.fs_base));
    asm volatile("wrgsbase %0" : : "r"(state.gs_base));
  }
}

Thread* CurrentThread() {
  // The stack's lowest word names its thread; every kernel stack is aligned to its size.
  const auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  return *reinterpret_cast<Thread**>(base::AlignDown(here, kKernelStackSize));
}

Cpu& CurrentCpu() { return *CurrentThread()->cpu(); }
PerCpu& CurrentPerCpu() { return per_cpu[CurrentCpu().index]; }

namespace {

uint64_t CurrentStackTop() {
  const auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  return base::AlignDown(here, kKernelStackSize) + kKernelStackSize;
}

}  // namespace

void PrepareToResume() { HandOverLateEntry(CurrentCpu().index); }

void ResumeUser(UserState& state, PhysicalAddress page_table_root) {
  PerCpu& cpu = CurrentPerCpu();
  cpu.user_state = &state;
  cpu.stack_top = CurrentStackTop();
  ResumeUserAt(&state.registers, page_table_root, cpu.nucleus_data);
}

void YieldToHost() { drivers::system_control().Yield(); }

void Idle() {
  PerCpu& cpu = CurrentPerCpu();
  cpu.user_state = &cpu.idle_state;
  cpu.stack_top = CurrentStackTop();
  NucleusIdle();
}

}  // namespace gk::arch
