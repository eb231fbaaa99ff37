#include "vmm/debug/describe.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <vector>

#include "vmm/arch/x86_64/page_table_entry.h"
#include "vmm/symbols/disassembler.h"
#include "vmm/symbols/nucleus.h"
#include "vmm/symbols/unwinder.h"
#include "vmm/symbols/vdso.h"

namespace vmm {
namespace {

using gdb::General;
using gdb::Segment;
using Output = std::back_insert_iterator<std::string>;

constexpr size_t kCodeBefore = 6;
constexpr size_t kCodeAfter = 5;
constexpr size_t kShownRepetitions = 2;

struct Bit {
  uint64_t mask;
  const char* name;
};

// Appends the names of the bits that are set, each behind a separator.
void AppendBits(std::string& text, uint64_t value, std::initializer_list<Bit> bits, std::string_view separator) {
  for (const Bit& bit : bits) {
    if ((value & bit.mask) != 0) {
      text += separator;
      text += bit.name;
    }
  }
}

std::string Size(uint64_t page_size) {
  return page_size >= 1u << 30 ? "1 GiB" : page_size >= 1u << 20 ? "2 MiB" : "4 KiB";
}

bool IsLeaf(const WalkStep& step) { return step.level == 1 || (step.entry & entry::kLargePage) != 0; }

std::string EntryInWords(const WalkStep& step) {
  if ((step.entry & entry::kPresent) == 0) {
    return step.entry == 0 ? "empty" : "not present";
  }
  std::string text = IsLeaf(step) ? "page" : "table";
  AppendBits(text, step.entry, {{entry::kWritable, "writable"}, {entry::kUser, "user"}, {entry::kAccessed, "accessed"}},
             " ");
  if (IsLeaf(step)) {
    AppendBits(text, step.entry, {{entry::kDirty, "dirty"}, {entry::kGlobal, "global"}}, " ");
  }
  AppendBits(
      text, step.entry,
      {{entry::kWriteThrough, "write-through"}, {entry::kCacheDisable, "uncached"}, {entry::kNoExecute, "no-execute"}},
      " ");
  return text;
}

// SDM volume 1, section 3.4.3.
std::string FlagsInLetters(uint64_t rflags) {
  std::string text;
  AppendBits(text, rflags,
             {{1u << 0, "CF"},
              {1u << 2, "PF"},
              {1u << 4, "AF"},
              {1u << 6, "ZF"},
              {1u << 7, "SF"},
              {1u << 8, "TF"},
              {1u << 9, "IF"},
              {1u << 10, "DF"},
              {1u << 11, "OF"},
              {1u << 16, "RF"}},
             " ");
  return text;
}

std::string VdsoOrNothing(uint64_t address, const MemoryReader& memory) {
  const std::optional<VdsoPlace> place = FindInVdso(address, memory);
  return place ? fmt::format("{}+{:#x} (vDSO)", place->function, place->offset) : "(no symbol)";
}

void AppendFrame(Output out, size_t number, const StackFrame& frame, const MemoryReader& memory,
                 const SymbolSet& symbols) {
  const std::string nucleus = DescribeNucleus(frame.address, memory, symbols);
  const std::vector<CodeLocation> locations =
      nucleus.empty() ? symbols.Locate(frame.LookUpAddress()) : std::vector<CodeLocation>();
  fmt::format_to(out, "  #{:<2} {:016x}", number, frame.address);
  if (locations.empty()) {
    fmt::format_to(out, " {}\n", nucleus.empty() ? VdsoOrNothing(frame.address, memory) : nucleus);
    return;
  }
  std::string_view indentation;
  for (const CodeLocation& location : locations) {
    fmt::format_to(out, "{} {}", indentation, location.function.empty() ? "(unnamed)" : location.function);
    if (!location.file.empty()) {
      fmt::format_to(out, " at {}:{}", location.file, location.line);
    }
    fmt::format_to(out, "{}\n", location.inlined ? " (inlined)" : "");
    indentation = "                      ";
  }
}

// How often the frame at `first` comes again directly behind it: a recursion says the same all the time.
size_t CountRepetitions(const std::vector<StackFrame>& frames, size_t first) {
  size_t count = 0;
  while (first + count + 1 < frames.size() && frames[first + count + 1].address == frames[first].address) {
    ++count;
  }
  return count;
}

}  // namespace

std::string DescribeEnd(const PageWalk& walk) {
  switch (walk.end) {
    case WalkEnd::kMapped:
      return fmt::format("{} page at {:#x}: {}, {}{}", Size(walk.page_size), walk.physical & ~(walk.page_size - 1),
                         walk.user ? "user" : "supervisor", walk.writable ? "writable" : "read-only",
                         walk.executable ? ", executable" : "");
    case WalkEnd::kNotCanonical:
      return "not mapped: the address is not canonical";
    case WalkEnd::kNotPresent:
      return "not mapped";
    case WalkEnd::kTableNotRam:
      return "not mapped: the table lies outside RAM";
    case WalkEnd::kReservedBits:
      return "not mapped: the entry has reserved bits set";
  }
  return "not mapped";
}

std::string DescribeWalk(const PageWalk& walk) {
  std::string text;
  const Output out(text);
  for (const WalkStep& step : walk.made()) {
    fmt::format_to(out, "  level {}  table {:#011x} [{:3}]", step.level, step.table, step.index);
    const bool unread = walk.end == WalkEnd::kTableNotRam && &step == &walk.made().back();
    if (unread) {
      fmt::format_to(out, "  (not in RAM)\n");
    } else {
      fmt::format_to(out, "  {:016x}  {}\n", step.entry, EntryInWords(step));
    }
  }
  fmt::format_to(out, "  {:#x}: {}\n", walk.address, DescribeEnd(walk));
  return text;
}

std::string DescribeRegisters(const gdb::Registers& r) {
  std::string text;
  const Output out(text);
  const auto general = [&r](General which) { return r[which]; };
  fmt::format_to(out, "  RIP {:016x}  RSP {:016x}  RFLAGS {:08x}{}\n", r.rip, general(General::kRsp), r.rflags,
                 FlagsInLetters(r.rflags));
  fmt::format_to(out, "  RAX {:016x}  RBX {:016x}  RCX {:016x}  RDX {:016x}\n", general(General::kRax),
                 general(General::kRbx), general(General::kRcx), general(General::kRdx));
  fmt::format_to(out, "  RSI {:016x}  RDI {:016x}  RBP {:016x}  R8  {:016x}\n", general(General::kRsi),
                 general(General::kRdi), general(General::kRbp), general(General::kR8));
  fmt::format_to(out, "  R9  {:016x}  R10 {:016x}  R11 {:016x}  R12 {:016x}\n", general(General::kR9),
                 general(General::kR10), general(General::kR11), general(General::kR12));
  fmt::format_to(out, "  R13 {:016x}  R14 {:016x}  R15 {:016x}\n", general(General::kR13), general(General::kR14),
                 general(General::kR15));
  fmt::format_to(out, "  CR0 {:08x}  CR2 {:016x}  CR3 {:016x}  CR4 {:08x}  EFER {:04x}\n", r.cr0, r.cr2, r.cr3, r.cr4,
                 r.efer);
  fmt::format_to(out, "  CS {:04x}  SS {:04x}  FS {:016x}  GS {:016x}\n", r[Segment::kCs], r[Segment::kSs], r.fs_base,
                 r.gs_base);
  return text;
}

std::string DescribeAddress(uint64_t address, const MemoryReader& memory, const SymbolSet& symbols) {
  std::string text = DescribeNucleus(address, memory, symbols);
  if (!text.empty()) {
    return text;
  }
  text = symbols.Describe(address);
  const std::vector<CodeLocation> locations = symbols.Locate(address);
  if (!locations.empty() && !locations.front().file.empty()) {
    text += fmt::format(" at {}:{}", locations.front().file, locations.front().line);
  }
  return text;
}

std::string DescribeCode(uint64_t address, size_t count, uint64_t marked, const MemoryReader& memory,
                         const SymbolSet& symbols) {
  const std::vector<Instruction> instructions = Disassemble(address, count, memory, symbols);
  return instructions.empty() ? fmt::format("  {:#x}: no code can be read there\n", address)
                              : FormatInstructions(instructions, marked, symbols);
}

std::string DescribeCodeAround(uint64_t address, const MemoryReader& memory, const SymbolSet& symbols) {
  const std::vector<Instruction> instructions = DisassembleAround(address, kCodeBefore, kCodeAfter, memory, symbols);
  return instructions.empty() ? fmt::format("  {:#x}: no code can be read there\n", address)
                              : FormatInstructions(instructions, address, symbols);
}

std::string DescribeBacktrace(const gdb::Registers& registers, const MemoryReader& memory, const SymbolSet& symbols) {
  std::string text;
  const std::vector<StackFrame> frames = Unwind(registers, memory, symbols);
  size_t number = 0;
  while (number < frames.size()) {
    AppendFrame(Output(text), number, frames[number], memory, symbols);
    const size_t repeated = CountRepetitions(frames, number);
    if (repeated > kShownRepetitions) {
      fmt::format_to(Output(text), "       (and {} times more)\n", repeated);
      number += repeated;
    }
    ++number;
  }
  if (frames.size() == kMaxFrames) {
    text += "  (more frames are not shown)\n";
  }
  return text;
}

}  // namespace vmm
