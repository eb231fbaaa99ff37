// Machine code in words, with names for the addresses in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vmm/debug/memory_reader.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

struct Instruction {
  uint64_t address;
  size_t size;
  std::string text;  // AT&T syntax, as the sources of the guest and gdb have it; "(bad)" for what is none
  std::string
      target;  // where a jump or call leads, or what an address relative to RIP means: "name+0x12"; may be empty
};

// At most `count` instructions from `address` on; fewer where the code cannot be read any more.
[[nodiscard]] std::vector<Instruction> Disassemble(uint64_t address, size_t count, const MemoryReader& memory,
                                                   const SymbolSet& symbols);

// The instruction at `address`, at most `before` in front of it and `after` behind it. Code can only be read forwards,
// so what is in front starts at the function's symbol, or else where decoding runs into `address`.
[[nodiscard]] std::vector<Instruction> DisassembleAround(uint64_t address, size_t before, size_t after,
                                                         const MemoryReader& memory, const SymbolSet& symbols);

// One line each: address, symbol, text; the instruction at `marked` with an arrow in front.
[[nodiscard]] std::string FormatInstructions(const std::vector<Instruction>& instructions, uint64_t marked,
                                             const SymbolSet& symbols);

}  // namespace vmm
