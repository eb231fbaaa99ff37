// From the first instruction at CPL 3 to the first thread.
//
// CPU 0 arrives on the monitor's bootstrap page tables (abi/boot_info.h). It builds the kernel's own address space and
// every CPU's nucleus area, all at native speed; then one trap to ring 0 changes over. The other CPUs are started last,
// directly in the kernel's address space, with everything they need already made.
#include <stdint.h>

#include <optional>
#include <span>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/paging.h"
#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/user_root.h"
#include "guest/kernel/arch/x86_64/apic.h"
#include "guest/kernel/arch/x86_64/clock.h"
#include "guest/kernel/arch/x86_64/code_notice.h"
#include "guest/kernel/arch/x86_64/memory_types.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/arch/x86_64/probe.h"
#include "guest/kernel/boot/main.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/vm/kernel_space.h"
#include "guest/kernel/vm/pmm.h"

extern "C" {
// Linker script.
extern uint8_t kernel_image_virtual[];
extern uint8_t kernel_text_end[];
extern uint8_t kernel_rodata_end[];
extern uint8_t kernel_data_end[];
}

namespace gk::arch {

constinit uintptr_t physical_map_base = abi::kPhysmapBase;

namespace {

constexpr uint64_t kCrashStackSize = 8192;

struct CrashStack {
  alignas(16) uint8_t bytes[kCrashStackSize];
};
CrashStack crash_stacks[abi::kMaxCpus];

constinit base::Immortal<std::optional<PageTable>> user_root_table;
uint64_t user_root_entry = 0;

// A failure before there is a way to report one: the kernel's message is the triple fault that the monitor reports.
void RequireEarly(bool condition) {
  if (!condition) {
    __builtin_trap();
  }
}

kernel_space::Segment ImageSegment(const uint8_t* from, const uint8_t* to, Access access) {
  return {.address = reinterpret_cast<VirtualAddress>(from),
          .physical = ImagePhysicalAddress(from),
          .size = static_cast<uint64_t>(to - from),
          .access = access};
}

void BuildKernelSpace(const abi::BootInfo& boot) {
  const std::span memory(boot.memory, boot.memory_range_count);
  PmmInit(memory, boot.free_start);
  const kernel_space::Segment image[] = {
      ImageSegment(kernel_image_virtual, kernel_text_end, {.read = true, .execute = true}),
      ImageSegment(kernel_text_end, kernel_rodata_end, {.read = true}),
      ImageSegment(kernel_rodata_end, kernel_data_end, {.read = true, .write = true}),
  };
  RequireEarly(kernel_space::Create(image, memory).ok());
  RequireEarly(MapNucleusAreas(kernel_space::page_table(), boot.cpu_count, NucleusView::kKernel).ok());
}

// A page table of which only the slot that shows the nucleus is ever used: every user address space shares it.
void BuildUserRoot(uint32_t cpu_count) {
  Result<PageTable> table = PageTable::Create();
  RequireEarly(table.ok() && MapNucleusAreas(*table, cpu_count, NucleusView::kUser).ok());
  user_root_entry = table->root_entry();
  user_root_table->emplace(std::move(*table));
}

void PrepareCpu(const abi::BootInfo& boot, uint32_t index, VirtualAddress stack_bottom) {
  PerCpu& cpu = per_cpu[index];
  cpu.kernel_root = kernel_space::page_table().root();
  cpu.crash_stack_top = reinterpret_cast<uint64_t>(&crash_stacks[index]) + kCrashStackSize;
  PrepareNucleusArea(index, stack_bottom + kKernelStackSize,
                     boot.debugger != 0 ? DebugGates::kToMonitor : DebugGates::kToKernel);
}

void StartOtherCpus(const abi::BootInfo& boot) {
  drivers::system_control().SetCpuRoot(kernel_space::page_table().root());
  for (uint32_t index = 1; index < boot.cpu_count; ++index) {
    const Result<kernel_space::StackMemory> stack = kernel_space::AllocateStack();
    if (!stack.ok() || !scheduler->AdoptCpu(per_cpu[index].cpu, index, stack->base).ok()) {
      Panic("no memory for the other CPUs");
    }
    PrepareCpu(boot, index, stack->base);
    drivers::system_control().StartCpu(index);
  }
}

// CPU 0 from here on: on its idle stack, in the kernel's address space, able to trap.
[[noreturn]] void ContinueFirstCpu(const void* boot_info) {
  const auto& boot = *static_cast<const abi::BootInfo*>(boot_info);
  const auto here = reinterpret_cast<VirtualAddress>(__builtin_frame_address(0));
  kernel_lock.Acquire();
  RequireEarly(scheduler->AdoptCpu(per_cpu[0].cpu, 0, base::AlignDown(here, kKernelStackSize)).ok());
  ProbeHost(per_cpu[0]);
  StartSyscallEntry(per_cpu[0]);
  SetMemoryTypes();
  StartClock(per_cpu[0], boot);
  StartApic(per_cpu[0], boot);
  StartCodeNotices(boot);
  StartKernel(boot);
  StartOtherCpus(boot);
  scheduler->LeaveKernel();
}

[[noreturn]] void StartFirstCpu(const abi::BootInfo& boot) {
  RequireEarly(boot.magic == abi::kBootInfoMagic && boot.version == abi::kBootInfoVersion &&
               boot.size >= sizeof(boot) && boot.cpu_count >= 1 && boot.cpu_count <= abi::kMaxCpus);
  BuildKernelSpace(boot);
  BuildUserRoot(boot.cpu_count);
  const Result<kernel_space::StackMemory> stack = kernel_space::AllocateStack();
  RequireEarly(stack.ok());
  PrepareCpu(boot, 0, stack->base);
  NucleusLoadRoot(kernel_space::page_table().root());
  CallOnStack(stack->top(), &ContinueFirstCpu, &boot);
}

[[noreturn]] void StartOtherCpu(const abi::BootInfo& boot, uint32_t index) {
  kernel_lock.Acquire();
  StartSyscallEntry(per_cpu[index]);
  SetMemoryTypes();
  StartApic(per_cpu[index], boot);
  scheduler->LeaveKernel();
}

}  // namespace

uint64_t UserRootEntry() { return user_root_entry; }

}  // namespace gk::arch

// Called by entry.S, at CPL 3, with the registers of boot_info.h, on the CPU's idle stack.
extern "C" [[noreturn]] void StartCpu(const pagoda::abi::BootInfo* boot, uint32_t index) {
  if (index == 0) {
    gk::arch::StartFirstCpu(*boot);
  }
  gk::arch::StartOtherCpu(*boot, index);
}
