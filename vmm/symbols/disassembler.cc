#include "vmm/symbols/disassembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>

#include "vmm/symbols/instruction_decoder.h"

namespace vmm {
namespace {

constexpr size_t kLongestInstruction = 15;  // SDM volume 2, section 2.3.11

// How far in front of an address without a symbol decoding begins, and how far a function's start may be away.
constexpr uint64_t kBlindDistance = 48;
constexpr uint64_t kFarthestStart = 16384;

class Decoder {
 public:
  // nullopt where nothing can be read; what is no instruction is one byte of "(bad)".
  std::optional<Instruction> Decode(uint64_t address, const MemoryReader& memory, const SymbolSet& symbols) {
    std::array<std::byte, kLongestInstruction> bytes = {};
    const size_t available = memory.Read(address, bytes);
    if (available == 0) {
      return std::nullopt;
    }
    const cs_insn* instruction = decoder_.Decode(address, std::span(bytes).first(available));
    if (instruction == nullptr) {
      return Instruction{.address = address, .size = 1, .text = "(bad)", .target = ""};
    }
    return Instruction{.address = address,
                       .size = instruction->size,
                       .text = Text(*instruction),
                       .target = Target(*instruction, symbols)};
  }

 private:
  static std::string Text(const cs_insn& instruction) {
    if (instruction.op_str[0] == '\0') {
      return instruction.mnemonic;
    }
    return fmt::format("{:<7} {}", instruction.mnemonic, instruction.op_str);
  }

  std::string Target(const cs_insn& instruction, const SymbolSet& symbols) const {
    const cs_x86& x86 = instruction.detail->x86;
    const std::span<const cs_x86_op> operands(x86.operands, x86.op_count);
    const bool branches = decoder_.IsIn(CS_GRP_JUMP) || decoder_.IsIn(CS_GRP_CALL);
    for (const cs_x86_op& operand : operands) {
      if (operand.type == X86_OP_IMM && branches) {
        return symbols.Describe(static_cast<uint64_t>(operand.imm));
      }
      if (operand.type == X86_OP_MEM && operand.mem.base == X86_REG_RIP) {
        return symbols.Describe(instruction.address + instruction.size + static_cast<uint64_t>(operand.mem.disp));
      }
    }
    return {};
  }

  InstructionDecoder decoder_{CS_OPT_SYNTAX_ATT};
};

// All instructions in [start, end) when decoding from `start` arrives at exactly `end`.
std::optional<std::vector<Instruction>> DecodeUpTo(Decoder& decoder, uint64_t start, uint64_t end,
                                                   const MemoryReader& memory, const SymbolSet& symbols) {
  std::vector<Instruction> instructions;
  uint64_t address = start;
  while (address < end) {
    std::optional<Instruction> instruction = decoder.Decode(address, memory, symbols);
    if (!instruction || instruction->text == "(bad)") {
      return std::nullopt;
    }
    address += instruction->size;
    instructions.push_back(*std::move(instruction));
  }
  return address == end ? std::optional(std::move(instructions)) : std::nullopt;
}

std::vector<Instruction> Before(Decoder& decoder, uint64_t address, size_t count, const MemoryReader& memory,
                                const SymbolSet& symbols) {
  std::optional<std::vector<Instruction>> found;
  const std::optional<NearSymbol> symbol = symbols.Nearest(address);
  if (symbol && symbol->offset <= kFarthestStart) {
    found = DecodeUpTo(decoder, symbol->address, address, memory, symbols);
  }
  for (uint64_t distance = std::min(kBlindDistance, address); !found && !symbol && distance > 0; --distance) {
    found = DecodeUpTo(decoder, address - distance, address, memory, symbols);
  }
  if (!found) {
    return {};
  }
  if (found->size() > count) {
    found->erase(found->begin(), found->end() - static_cast<std::ptrdiff_t>(count));
  }
  return *std::move(found);
}

void AppendFrom(std::vector<Instruction>& instructions, Decoder& decoder, uint64_t address, size_t count,
                const MemoryReader& memory, const SymbolSet& symbols) {
  for (; count > 0; --count) {
    std::optional<Instruction> instruction = decoder.Decode(address, memory, symbols);
    if (!instruction) {
      break;
    }
    address += instruction->size;
    instructions.push_back(*std::move(instruction));
  }
}

}  // namespace

std::vector<Instruction> Disassemble(uint64_t address, size_t count, const MemoryReader& memory,
                                     const SymbolSet& symbols) {
  Decoder decoder;
  std::vector<Instruction> instructions;
  AppendFrom(instructions, decoder, address, count, memory, symbols);
  return instructions;
}

std::vector<Instruction> DisassembleAround(uint64_t address, size_t before, size_t after, const MemoryReader& memory,
                                           const SymbolSet& symbols) {
  Decoder decoder;
  std::vector<Instruction> instructions = Before(decoder, address, before, memory, symbols);
  AppendFrom(instructions, decoder, address, after + 1, memory, symbols);
  return instructions;
}

std::string FormatInstructions(const std::vector<Instruction>& instructions, uint64_t marked,
                               const SymbolSet& symbols) {
  std::string text;
  const auto out = std::back_inserter(text);
  std::string function;
  for (const Instruction& instruction : instructions) {
    const std::optional<NearSymbol> symbol = symbols.Nearest(instruction.address);
    if (symbol && symbol->name != function) {
      function = symbol->name;
      fmt::format_to(out, "  {}:\n", function);
    }
    fmt::format_to(out, "{} {:x}", instruction.address == marked ? "  =>" : "    ", instruction.address);
    if (symbol) {
      fmt::format_to(out, " <+{}>", symbol->offset);
    }
    fmt::format_to(out, "  {}", instruction.text);
    if (!instruction.target.empty()) {
      fmt::format_to(out, "  <{}>", instruction.target);
    }
    text += '\n';
  }
  return text;
}

}  // namespace vmm
