#include "vmm/crash/crash_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>
#include <variant>

#include "vmm/crash/cause.h"
#include "vmm/crash/core_file.h"
#include "vmm/crash/stop_report.h"
#include "vmm/crash/user_fault_report.h"

namespace vmm {
namespace {

// What Linux would have sent (arch/x86/kernel/traps.c).
int SignalOf(const abi::FaultReport& report) {
  switch (report.vector) {
    case 0:
    case 16:
    case 19:
      return SIGFPE;
    case 1:
    case 3:
      return SIGTRAP;
    case 6:
      return SIGILL;
    case 17:
      return SIGBUS;
    case abi::kFaultReportPolicy:
      return SIGSYS;
    default:
      return SIGSEGV;
  }
}

// gdb takes an int that is not 0.
int ThreadId(uint64_t koid) { return std::max(static_cast<int>(koid & 0x7fff'ffff), 1); }

CoreContent CoreOf(const UserFault& fault) {
  const std::string_view name(fault.report.process_name, sizeof(fault.report.process_name));
  CoreContent content = {.program = Printable(name),
                         .threads = {{.id = ThreadId(fault.report.thread_koid),
                                      .signal = SignalOf(fault.report),
                                      .registers = RegistersOf(fault)}},
                         .roots = {fault.report.page_table_root},
                         .memory = CoreMemory::kUser};
  for (const abi::FaultThread& other : fault.others) {
    content.threads.push_back({.id = ThreadId(other.koid), .signal = 0, .registers = RegistersOf(fault, other)});
  }
  return content;
}

uint32_t CulpritOf(const StopReason& reason) {
  if (const auto* panic = std::get_if<GuestPanic>(&reason)) {
    return panic->cpu;
  }
  const auto* failure = std::get_if<VcpuFailure>(&reason);
  return failure != nullptr ? failure->cpu : 0;
}

// The machine: a thread for each CPU, numbered from 1 as a debugger has them, the one that it is about first.
CoreContent CoreOf(const RunOutcome& outcome, uint64_t kernel_root) {
  CoreContent content = {.program = "kernel", .threads = {}, .roots = {kernel_root}, .memory = CoreMemory::kAll};
  const uint32_t culprit = CulpritOf(outcome.reason);
  for (const CpuState& cpu : outcome.cpus) {
    const std::optional<gdb::Registers> registers = StoppedRegisters(cpu, outcome.reason);
    if (!registers) {
      continue;
    }
    const bool first = cpu.index == culprit;
    content.threads.insert(
        first ? content.threads.begin() : content.threads.end(),
        {.id = static_cast<int>(cpu.index) + 1, .signal = first ? SIGABRT : 0, .registers = *registers});
    if (std::find(content.roots.begin(), content.roots.end(), registers->cr3) == content.roots.end()) {
      content.roots.push_back(registers->cr3);
    }
  }
  return content;
}

}  // namespace

void CrashHandler::WriteCoreLocked(const CoreContent& content, const dev::GuestMemory& memory) {
  std::optional<ReplacementFile> core = std::exchange(options_.core, std::nullopt);
  if (!core) {
    return;
  }
  if (content.threads.empty()) {
    options_.print(fmt::format("pagoda: no core file: the registers of all CPUs are lost\n"));
    return;
  }
  const std::string name = core->shown_as();
  if (const Result<> written = WriteCore(*std::move(core), content, memory); written.ok()) {
    options_.print(fmt::format("core file: {}\n", name));
  } else {
    options_.print(fmt::format("pagoda: {}\n", written.error().message()));
  }
}

void CrashHandler::OnUserFault(const UserFault& fault, const dev::GuestMemory& memory) {
  const std::lock_guard lock(mutex_);
  if (reports_ < kMostReports) {
    options_.print(DescribeUserFault(fault, memory, options_.files));
  } else if (reports_ == kMostReports) {
    options_.print("pagoda: more programs are killed; they are not reported\n");
  }
  reports_ = std::min(reports_ + 1, kMostReports + 1);
  WriteCoreLocked(CoreOf(fault), memory);
}

void CrashHandler::OnStopped(const RunOutcome& outcome, const Machine& machine) {
  const std::lock_guard lock(mutex_);
  const std::string report = DescribeStop(outcome.reason, outcome.cpus, machine.memory(), options_.files);
  if (report.empty()) {
    return;
  }
  options_.print(report);
  WriteCoreLocked(CoreOf(outcome, machine.kernel_root()), machine.memory());
}

}  // namespace vmm
