#include "vmm/crash/user_fault_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include "vmm/crash/cause.h"
#include "vmm/debug/describe.h"
#include "vmm/debug/guest_view.h"
#include "vmm/debug/register_view.h"

namespace vmm {
namespace {

using Output = std::back_insert_iterator<std::string>;

constexpr size_t kMostOthers = 8;  // threads whose calls are shown

std::string Name(const char (&field)[abi::kFaultReportNameSize]) {
  return Printable(std::string_view(field, sizeof(field)));
}

// Which object the code came from, for code that no file of ours explains.
void AppendMapping(Output out, const abi::FaultReport& report) {
  if (report.code_size == 0) {
    fmt::format_to(out, "no mapping contains RIP\n");
    return;
  }
  const std::string name = Name(report.code_vmo_name);
  fmt::format_to(out, "RIP is {:#x} bytes into VMO {} ('{}'), mapped from {:#x} on\n",
                 report.registers.rip - report.code_base + report.code_vmo_offset, report.code_vmo_koid,
                 name.empty() ? "unnamed" : name, report.code_base);
}

kvm_regs General(const abi::FaultRegisters& r) {
  kvm_regs general = {};
  general.rip = r.rip;
  general.rflags = r.rflags;
  general.rax = r.rax;
  general.rbx = r.rbx;
  general.rcx = r.rcx;
  general.rdx = r.rdx;
  general.rsi = r.rsi;
  general.rdi = r.rdi;
  general.rbp = r.rbp;
  general.rsp = r.rsp;
  general.r8 = r.r8;
  general.r9 = r.r9;
  general.r10 = r.r10;
  general.r11 = r.r11;
  general.r12 = r.r12;
  general.r13 = r.r13;
  general.r14 = r.r14;
  general.r15 = r.r15;
  return general;
}

// Which calls the program's other threads are in.
void AppendOthers(std::string& text, const UserFault& fault, const MemoryReader& memory, const SymbolSet& symbols) {
  const size_t count = std::min(fault.others.size(), kMostOthers);
  for (const abi::FaultThread& other : std::span(fault.others).first(count)) {
    text += fmt::format("thread '{}' ({}):\n{}", Name(other.name), other.koid,
                        DescribeBacktrace(RegistersOf(fault, other), memory, symbols));
  }
  if (count < fault.others.size()) {
    text += fmt::format("(and {} threads more)\n", fault.others.size() - count);
  }
}

}  // namespace

gdb::Registers RegistersOf(const UserFault& fault) {
  gdb::Registers registers = ToGdb(General(fault.report.registers), fault.system_registers, fault.fpu);
  registers.cr2 = fault.report.fault_address;
  registers.cr3 = fault.report.page_table_root;
  return registers;
}

gdb::Registers RegistersOf(const UserFault& fault, const abi::FaultThread& other) {
  gdb::Registers registers = ToGdb(General(other.registers), fault.system_registers, {});
  registers.cr3 = fault.report.page_table_root;
  return registers;
}

std::string DescribeUserFault(const UserFault& fault, const dev::GuestMemory& memory, const ProgramFiles& files) {
  const abi::FaultReport& report = fault.report;
  const std::string process = Name(report.process_name);
  const gdb::Registers registers = RegistersOf(fault);
  const GuestView view(memory, report.page_table_root);
  const FoundSymbols found = files.ForProgram(view, process);
  std::string text;
  const Output out(text);
  fmt::format_to(out, "pagoda: program '{}' (process {}), thread '{}' ({}), is killed on CPU {}:\n", process,
                 report.process_koid, Name(report.thread_name), report.thread_koid, fault.cpu);
  fmt::format_to(out, "  {}\n", DescribeCause(report));
  fmt::format_to(out, "registers:\n{}", DescribeRegisters(registers));
  if (report.vector == kVectorPageFault) {
    fmt::format_to(out, "page tables for {:#x}, root {:#x}:\n{}", report.fault_address, report.page_table_root,
                   DescribeWalk(view.Walk(report.fault_address)));
  }
  fmt::format_to(out, "backtrace:\n{}", DescribeBacktrace(registers, view, found.symbols));
  fmt::format_to(out, "code:\n{}", DescribeCodeAround(registers.rip, view, found.symbols));
  if (found.symbols.FileAt(registers.rip).empty()) {
    AppendMapping(out, report);
  }
  AppendOthers(text, fault, view, found.symbols);
  for (const std::string& note : found.notes) {
    fmt::format_to(out, "({})\n", note);
  }
  return text;
}

}  // namespace vmm
