// The kernel's own death: collect what is known and hand it to the monitor (abi::CrashReport).
#include <string.h>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/x86_64/debug_call.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/lib/text_writer.h"
#include "guest/kernel/vm/kernel_space.h"
#include "guest/nucleus/layout.h"
#include "shared/abi/system_control.h"

namespace gk {
namespace {

// In the image, so that its guest-physical address is known; one is enough, the machine stops with the first.
abi::CrashReport report;

// The report starts out zero, so the terminator is there already.
void SetMessage(const char* message) {
  for (size_t i = 0; i + 1 < sizeof(report.message) && message[i] != '\0'; ++i) {
    report.message[i] = message[i];
  }
}

uint64_t ReadData(const arch::PerCpu& cpu, size_t offset) {
  uint64_t value = 0;
  memcpy(&value, cpu.nucleus_data + offset, sizeof(value));
  return value;
}

[[noreturn]] void Send() {
  drivers::system_control().ReportCrash(arch::ImagePhysicalAddress(&report));
  // The monitor stops the machine; should it not, an undefined trap is a triple fault, which it cannot overlook.
  for (;;) {
    arch::SpinPause();
  }
}

const char* DescribeVector(uint64_t vector, uint64_t fault_address) {
  switch (vector) {
    case 2:
      return "kernel: non-maskable interrupt";
    case 8:
      return "kernel: double fault";
    case 13:
      return "kernel: general-protection fault";
    case 14:
      return kernel_space::IsStackGuard(fault_address) ? "kernel: stack overflow" : "kernel: page fault";
    case 18:
      return "kernel: machine check";
    default:
      return "kernel: exception";
  }
}

// A fault of code that ran for a debugger ends that call; the machine is as it was.
[[noreturn]] void FailDebugCall(const char* description, uint64_t rip, uint64_t fault_address) {
  char room[200];
  TextWriter what(room);
  what.Append(description);
  what.Append(" at rip 0x");
  what.AppendHexadecimal(rip, 1);
  what.Append(", last page-fault address 0x");
  what.AppendHexadecimal(fault_address, 1);
  arch::FailDebugCall(what.text());
}

}  // namespace

void Panic(const char* message) {
  if (arch::IsDebugCallStack(reinterpret_cast<uint64_t>(__builtin_frame_address(0)))) {
    arch::FailDebugCall({message, strlen(message)});
  }
  // Of one moment in here, and all that calls preserve: the monitor unwinds from it.
  asm volatile(
      "lea 0(%%rip), %%rax\n\tmov %%rax, %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2\n\tmov %%rbx, %3\n\t"
      "mov %%r12, %4\n\tmov %%r13, %5\n\tmov %%r14, %6\n\tmov %%r15, %7"
      : "=m"(report.rip), "=m"(report.rsp), "=m"(report.rbp), "=m"(report.rbx), "=m"(report.r12), "=m"(report.r13),
        "=m"(report.r14), "=m"(report.r15)
      :
      : "rax");
  report.vector = UINT32_MAX;
  SetMessage(message);
  Send();
}

}  // namespace gk

// Called by entry.S on the CPU's crash stack.
extern "C" [[noreturn]] void HandleKernelFault(gk::arch::PerCpu* cpu, gk::UserRegisters* registers) {
  using gk::report;
  const uint64_t vector = cpu->entry - NUCLEUS_ENTRY_KERNEL_FAULT;
  if (gk::arch::IsDebugCallStack(gk::ReadData(*cpu, TRAP_RSP))) {
    const uint64_t address = gk::ReadData(*cpu, DATA_FAULT_ADDRESS);
    gk::FailDebugCall(gk::DescribeVector(vector, address), gk::ReadData(*cpu, TRAP_RIP), address);
  }
  CopyGeneralRegisters(*registers, gk::report);
  report.rip = gk::ReadData(*cpu, TRAP_RIP);
  report.rsp = gk::ReadData(*cpu, TRAP_RSP);
  report.rflags = gk::ReadData(*cpu, TRAP_RFLAGS);
  report.error_code = gk::ReadData(*cpu, TRAP_ERROR);
  report.cr2 = gk::ReadData(*cpu, DATA_FAULT_ADDRESS);
  report.cr3 = cpu->kernel_root;
  report.vector = static_cast<uint32_t>(vector);
  report.cpu = cpu->cpu.index;
  gk::SetMessage(gk::DescribeVector(vector, report.cr2));
  gk::Send();
}
