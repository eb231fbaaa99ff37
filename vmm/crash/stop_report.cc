#include "vmm/crash/stop_report.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <variant>

#include "vmm/crash/cause.h"
#include "vmm/debug/describe.h"
#include "vmm/debug/guest_view.h"
#include "vmm/debug/register_view.h"
#include "vmm/symbols/nucleus.h"

namespace vmm {
namespace {

using Output = std::back_insert_iterator<std::string>;

// The kernel and the nucleus lie in the upper half, programs in the lower.
constexpr uint64_t kUpperHalf = uint64_t{1} << 63;

// KVM's SVM side resets the vCPU when it shuts down, because the hardware leaves its state undefined (AMD APM volume 2,
// section 15.14.3). A guest of ours never runs without paging.
bool WasReset(const CpuState& cpu) {
  constexpr uint64_t kCr0Paging = 1u << 31;
  return (cpu.system_registers.cr0 & kCr0Paging) == 0;
}

const GuestPanic* PanicOf(const CpuState& cpu, const StopReason& reason) {
  const auto* panic = std::get_if<GuestPanic>(&reason);
  return panic != nullptr && panic->cpu == cpu.index ? panic : nullptr;
}

void TakeReport(gdb::Registers& registers, const abi::CrashReport& r) {
  registers.general = {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp,
                       r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15};
  registers.rip = r.rip;
  registers.rflags = r.rflags;
  registers.cr2 = r.cr2;
}

void AppendPanic(Output out, const GuestPanic& panic) {
  const abi::CrashReport& report = panic.report;
  fmt::format_to(out, "guest kernel panic on CPU {}: {}\n", panic.cpu,
                 Printable(std::string_view(report.message, sizeof(report.message))));
  if (report.vector == kVectorPageFault) {
    fmt::format_to(out, "  {}\n", DescribePageFault(report.error_code, report.cr2));
  } else if (report.vector != UINT32_MAX) {
    fmt::format_to(out, "  {}\n", DescribeException(report.vector, report.error_code));
  }
}

struct Headline {
  Output out;

  bool operator()(const GuestExit&) const { return false; }
  bool operator()(const Signalled&) const { return false; }
  bool operator()(const GuestPanic& panic) const {
    AppendPanic(out, panic);
    return true;
  }
  bool operator()(const VcpuFailure& failure) const {
    fmt::format_to(out, "guest stopped by CPU {}: {}\n", failure.cpu, failure.detail);
    return true;
  }
  bool operator()(const TimedOut&) const {
    fmt::format_to(out, "the guest was still running when --timeout ran out\n");
    return true;
  }
};

// Whether CR2 is about why this CPU is in the report, and not left over from a fault that was dealt with.
bool IsAboutFaultAddress(const CpuState& cpu, const StopReason& reason) {
  if (const GuestPanic* panic = PanicOf(cpu, reason)) {
    return panic->report.vector == kVectorPageFault;
  }
  const auto* failure = std::get_if<VcpuFailure>(&reason);
  return failure != nullptr && failure->cpu == cpu.index && failure->fault == VcpuFault::kTripleFault;
}

// A panic that the kernel itself decided on is about its state and not about an instruction.
bool IsAboutCode(const CpuState& cpu, const StopReason& reason) {
  const GuestPanic* panic = PanicOf(cpu, reason);
  return panic == nullptr || panic->report.vector != UINT32_MAX;
}

class CpuReport {
 public:
  CpuReport(Output out, const dev::GuestMemory& memory, const ProgramFiles& files)
      : out_(out), memory_(memory), files_(files) {}

  void Append(const CpuState& cpu, const StopReason& reason) {
    if (cpu.phase != CpuPhase::kFinished) {
      fmt::format_to(out_, "CPU {}: does not leave the guest; the host's kernel has lost it\n", cpu.index);
      return;
    }
    const std::optional<gdb::Registers> registers = StoppedRegisters(cpu, reason);
    if (!registers) {
      fmt::format_to(out_, "CPU {}: its registers are lost: this host's CPUs reset them at a shutdown\n", cpu.index);
      return;
    }
    const bool panicked = PanicOf(cpu, reason) != nullptr;
    fmt::format_to(out_, "CPU {}{}:\n{}", cpu.index, panicked ? ", as the guest kernel reports" : "",
                   DescribeRegisters(*registers));
    const GuestView view(memory_, registers->cr3);
    if (IsAboutFaultAddress(cpu, reason)) {
      fmt::format_to(out_, "page tables for {:#x}, root {:#x}:\n{}", registers->cr2, registers->cr3,
                     DescribeWalk(view.Walk(registers->cr2)));
    }
    AppendCode(*registers, view, IsAboutCode(cpu, reason));
  }

 private:
  void AppendCode(const gdb::Registers& registers, const GuestView& view, bool with_instructions) {
    const auto interrupted = InterruptedByNucleus(registers, view);
    const uint64_t code = interrupted ? interrupted->rip : registers.rip;
    const FoundSymbols found = code >= kUpperHalf ? files_.ForKernel() : files_.ForProgram(view, "");
    fmt::format_to(out_, "backtrace:\n{}", DescribeBacktrace(registers, view, found.symbols));
    if (with_instructions) {
      fmt::format_to(out_, "code:\n{}", DescribeCodeAround(registers.rip, view, found.symbols));
    }
    for (const std::string& note : found.notes) {
      fmt::format_to(out_, "({})\n", note);
    }
  }

  Output out_;
  const dev::GuestMemory& memory_;
  const ProgramFiles& files_;
};

}  // namespace

std::optional<gdb::Registers> StoppedRegisters(const CpuState& cpu, const StopReason& reason) {
  if (cpu.phase != CpuPhase::kFinished || WasReset(cpu)) {
    return std::nullopt;
  }
  gdb::Registers registers = ToGdb(cpu.registers, cpu.system_registers, cpu.fpu);
  if (const GuestPanic* panic = PanicOf(cpu, reason)) {
    TakeReport(registers, panic->report);
  }
  return registers;
}

std::string DescribeStop(const StopReason& reason, const std::vector<CpuState>& cpus, const dev::GuestMemory& memory,
                         const ProgramFiles& files) {
  std::string text;
  const Output out(text);
  if (std::visit(Headline{out}, reason)) {
    CpuReport report(out, memory, files);
    for (const CpuState& cpu : cpus) {
      report.Append(cpu, reason);
    }
  }
  return text;
}

}  // namespace vmm
