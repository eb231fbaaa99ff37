// Which memory an instruction is going to read and write: what a watchpoint for reads needs where the CPU's own
// registers do not help. Comparing memory finds writes only.
//
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

struct MemoryAccess {
  uint64_t address;
  uint64_t size;  // bytes
  bool reads;
  bool writes;

  bool operator==(const MemoryAccess&) const = default;
};

// The registers that an address is made of.
struct AddressRegisters {
  kvm_regs general;  // before the instruction
  uint64_t fs_base;
  uint64_t gs_base;
};

// `code`: the bytes at RIP, as many as there are. What the instruction's operands and its use of the stack say; one
// iteration of a repeated string instruction, since a step is one as well. Nothing where it is no instruction, or no
// disassembler is there. Not known: gathers and scatters, and how much XSAVE and its relatives save.
[[nodiscard]] std::vector<MemoryAccess> AccessesOf(const AddressRegisters& registers, std::span<const std::byte> code);

}  // namespace vmm
