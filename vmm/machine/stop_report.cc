#include "vmm/machine/stop_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace vmm {
namespace {

using Output = std::back_insert_iterator<std::string>;

// What both a stopped vCPU and a guest's own crash report have.
struct GeneralRegisters {
  uint64_t rip, rsp, rflags, cr2, cr3;
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

void AppendRegisters(Output out, const GeneralRegisters& r) {
  fmt::format_to(out, "  RIP {:016x}  RSP {:016x}  RFLAGS {:08x}\n", r.rip, r.rsp, r.rflags);
  fmt::format_to(out, "  CR2 {:016x}  CR3 {:016x}\n", r.cr2, r.cr3);
  fmt::format_to(out, "  RAX {:016x}  RBX {:016x}  RCX {:016x}  RDX {:016x}\n", r.rax, r.rbx, r.rcx, r.rdx);
  fmt::format_to(out, "  RSI {:016x}  RDI {:016x}  RBP {:016x}  R8  {:016x}\n", r.rsi, r.rdi, r.rbp, r.r8);
  fmt::format_to(out, "  R9  {:016x}  R10 {:016x}  R11 {:016x}  R12 {:016x}\n", r.r9, r.r10, r.r11, r.r12);
  fmt::format_to(out, "  R13 {:016x}  R14 {:016x}  R15 {:016x}\n", r.r13, r.r14, r.r15);
}

GeneralRegisters RegistersOf(const CpuState& cpu) {
  const kvm_regs& r = cpu.registers;
  return {r.rip,
          r.rsp,
          r.rflags,
          cpu.system_registers.cr2,
          cpu.system_registers.cr3,
          r.rax,
          r.rbx,
          r.rcx,
          r.rdx,
          r.rsi,
          r.rdi,
          r.rbp,
          r.r8,
          r.r9,
          r.r10,
          r.r11,
          r.r12,
          r.r13,
          r.r14,
          r.r15};
}

GeneralRegisters RegistersOf(const abi::CrashReport& r) {
  return {r.rip, r.rsp, r.rflags, r.cr2, r.cr3, r.rax, r.rbx, r.rcx, r.rdx, r.rsi,
          r.rdi, r.rbp, r.r8,     r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15};
}

// KVM's SVM side resets the vCPU when it shuts down, because the hardware leaves its state undefined (AMD APM volume 2,
// section 15.14.3). A guest of ours never runs without paging.
bool WasReset(const CpuState& cpu) {
  constexpr uint64_t kCr0Paging = 1u << 31;
  return (cpu.system_registers.cr0 & kCr0Paging) == 0;
}

void AppendCpu(Output out, const CpuState& cpu) {
  if (cpu.phase != CpuPhase::kFinished) {
    fmt::format_to(out, "CPU {}: does not leave the guest; the host's kernel has lost it\n", cpu.index);
    return;
  }
  if (WasReset(cpu)) {
    fmt::format_to(out, "CPU {}: its registers are lost: this host's CPUs reset them at a shutdown\n", cpu.index);
    return;
  }
  const kvm_sregs& system = cpu.system_registers;
  fmt::format_to(out, "CPU {}: CS {:04x}  SS {:04x}  CR0 {:08x}  CR4 {:08x}  EFER {:04x}\n", cpu.index,
                 system.cs.selector, system.ss.selector, system.cr0, system.cr4, system.efer);
  AppendRegisters(out, RegistersOf(cpu));
}

// One line of printable ASCII, whatever the guest wrote.
std::string Printable(std::string_view text) {
  std::string line(text.substr(0, text.find('\0')));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

void AppendPanic(Output out, const abi::CrashReport& report) {
  const std::string_view message(report.message, sizeof(report.message));
  fmt::format_to(out, "guest kernel panic on CPU {}: {}\n", report.cpu, Printable(message));
  if (report.vector != UINT32_MAX) {
    fmt::format_to(out, "  exception {} with error code {:#x}\n", report.vector, report.error_code);
  }
  fmt::format_to(out, "as the guest kernel reports:\n");
  AppendRegisters(out, RegistersOf(report));
}

struct Headline {
  Output out;

  bool operator()(const GuestExit&) const { return false; }
  bool operator()(const Signalled&) const { return false; }
  bool operator()(const GuestPanic& panic) const {
    AppendPanic(out, panic.report);
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

}  // namespace

std::string FormatStopReport(const RunOutcome& outcome) {
  std::string text;
  const Output out(text);
  if (std::visit(Headline{out}, outcome.reason)) {
    for (const CpuState& cpu : outcome.cpus) {
      AppendCpu(out, cpu);
    }
  }
  return text;
}

}  // namespace vmm
