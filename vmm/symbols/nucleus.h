// The guest's ring-0 code, which every CPU sees at an address of its own (shared/abi/nucleus_area.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vmm/debug/memory_reader.h"
#include "vmm/gdb/registers.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

struct NucleusPlace {
  uint32_t cpu;     // whose area
  uint64_t offset;  // in the page of stubs
};

// nullopt for an address that is in no CPU's page of stubs.
[[nodiscard]] std::optional<NucleusPlace> FindInNucleus(uint64_t address);

// The registers of what was interrupted by the trap that brought a CPU into the nucleus; RAX may be lost by then.
// nullopt where RIP is not in the nucleus or the frame does not read as one.
[[nodiscard]] std::optional<gdb::Registers> InterruptedByNucleus(const gdb::Registers& registers,
                                                                 const MemoryReader& memory);

// "nucleus_user_stubs+0x1c0 (vector 14)": by the kernel's own symbols, for an address in the stubs that `memory` shows.
// Empty for other addresses.
[[nodiscard]] std::string DescribeNucleus(uint64_t address, const MemoryReader& memory, const SymbolSet& kernel);

}  // namespace vmm
