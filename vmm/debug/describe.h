// A stopped guest in words, for reports and for `monitor` commands. Pure functions; every line ends with a newline.
#pragma once

#include <cstdint>
#include <string>

#include "vmm/debug/guest_view.h"
#include "vmm/gdb/registers.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

// One line for each level of the walk with the entry and its bits in words, then what came of it.
[[nodiscard]] std::string DescribeWalk(const PageWalk& walk);

// What came of it, without a newline: "not mapped", "4 KiB page at 0x5000: read-only, user".
[[nodiscard]] std::string DescribeEnd(const PageWalk& walk);

// All registers but the vector ones; RFLAGS also in letters.
[[nodiscard]] std::string DescribeRegisters(const gdb::Registers& registers);

// "name+0x12 at file:line"; where it lies in the nucleus, which stub. Empty when nothing is known. No newline.
[[nodiscard]] std::string DescribeAddress(uint64_t address, const MemoryReader& memory, const SymbolSet& symbols);

// `count` instructions from `address` on, the one at `marked` with an arrow. Says so where nothing can be read.
[[nodiscard]] std::string DescribeCode(uint64_t address, size_t count, uint64_t marked, const MemoryReader& memory,
                                       const SymbolSet& symbols);

// The instruction at `address` with those around it, and an arrow.
[[nodiscard]] std::string DescribeCodeAround(uint64_t address, const MemoryReader& memory, const SymbolSet& symbols);

// The calls that led to `registers`, with what was inlined, innermost first: one line each.
[[nodiscard]] std::string DescribeBacktrace(const gdb::Registers& registers, const MemoryReader& memory,
                                            const SymbolSet& symbols);

}  // namespace vmm
