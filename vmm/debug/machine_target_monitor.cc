// What a person asks with `monitor`, answered by the kernel or by what is known of a CPU.
#include <fmt/format.h>

#include <algorithm>

#include "vmm/debug/describe.h"
#include "vmm/debug/machine_target.h"

namespace vmm {

using gdb::ErrorCode;
using gdb::Fail;
using gdb::Outcome;

// What a person reads in a stopped context.
class MachineTarget::Memory final : public MemoryReader {
 public:
  Memory(MachineTarget& target, gdb::ThreadId thread) : target_(target), thread_(thread) {}

  [[nodiscard]] size_t Read(uint64_t address, std::span<std::byte> into) const override {
    const gdb::Outcome<size_t> read = target_.ReadMemory(thread_, gdb::AddressSpace::kVirtual, address, into);
    return read.ok() ? read.value() : 0;
  }

 private:
  MachineTarget& target_;
  gdb::ThreadId thread_;
};

// gdb's command line does not tell us which thread is selected before it needs something of it; so an answer about a
// CPU says whose it is.
Outcome<std::string> MachineTarget::AnswerAboutCpu(const CpuQuestion& question, gdb::ThreadId selected) {
  const gdb::ThreadId thread = question.thread.value_or(selected);
  if (!HasThread(thread)) {
    return Fail(ErrorCode::kNoSuchThread, fmt::format("there is no thread {}; 'info threads' lists them", thread));
  }
  PAGODA_TRY_ASSIGN(const CpuRegisters cpu, ReadCpu(thread));
  const gdb::Registers registers = ToGdb(cpu);
  LookAround();
  const std::string whose = fmt::format("thread {}, {}:\n", thread, Describe(thread - 1).name);
  if (question.kind == CpuQuestion::Kind::kRegisters) {
    return whose + DescribeRegisters(registers);
  }
  const std::optional<uint64_t> address = ParseAddress(question.address, registers);
  if (!address) {
    return Fail(ErrorCode::kInvalid, fmt::format("'{}' is no address, as 4096, 0x1000 or $rip", question.address));
  }
  if (question.kind == CpuQuestion::Kind::kWalk) {
    return whose + DescribeWalk(WalkPageTables(memory(), RootOf(cpu.context, *address), *address));
  }
  return whose + DescribeCode(*address, question.count, cpu.context.registers.rip, Memory(*this, thread),
                              Symbols(cpu.context.root));
}

bool MachineTarget::HasThread(gdb::ThreadId thread) {
  const std::vector<uint32_t> cpus = world_.Cpus();
  return thread != 0 && std::find(cpus.begin(), cpus.end(), thread - 1) != cpus.end();
}

// The kernel's, and those of the programs in the address space `root`.
SymbolSet MachineTarget::Symbols(uint64_t root) {
  SymbolSet symbols;
  (void)symbols.AddFile("kernel", files_.kernel_path());
  const Outcome<std::string> records = caller_.Ask(abi::DebugCommand::kModuleRecords, 0);
  if (!records.ok()) {
    return symbols;
  }
  for (const ModuleRecord& module : ParseModuleRecords(records.value())) {
    if (module.root == root) {
      files_.AddTo(symbols, module.name, module.base);
    }
  }
  return symbols;
}

std::vector<gdb::MonitorCommand> MachineTarget::MonitorCommands() { return AllMonitorCommands(); }

Outcome<> MachineTarget::RunMonitorCommand(gdb::ThreadId thread, const std::string& name, const std::string& arguments,
                                           gdb::MonitorOutput& output) {
  const std::vector<std::string> words = SplitWords(arguments);
  if (const auto question = KernelQuestion(name)) {
    const std::optional<uint64_t> argument = words.empty() ? 0 : ParseNumber(words.front());
    if (!argument || words.size() > 1) {
      return Fail(ErrorCode::kInvalid, fmt::format("'{}' is not the koid of a process", arguments));
    }
    PAGODA_TRY_ASSIGN(const std::string text, caller_.Ask(*question, *argument));
    output.Write(text);
    return {};
  }
  PAGODA_TRY_ASSIGN(const CpuQuestion question, ParseCpuQuestion(name, words));
  PAGODA_TRY_ASSIGN(const std::string text, AnswerAboutCpu(question, thread));
  output.Write(text);
  return {};
}

}  // namespace vmm
