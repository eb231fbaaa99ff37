// Capstone for x86-64 code, one instruction after the other.
//
// Not thread-safe; opening one takes ten times as long as decoding an instruction.
#pragma once

#include <capstone/capstone.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/symbols/loaded_library.h"

namespace vmm {

class InstructionDecoder {
 public:
  // `syntax`: of the operands' text, which also decides their order.
  explicit InstructionDecoder(cs_opt_value syntax);
  InstructionDecoder(const InstructionDecoder&) = delete;
  InstructionDecoder& operator=(const InstructionDecoder&) = delete;
  ~InstructionDecoder();

  // The first of the bytes `code` at `address`, with its details; valid until the next call. nullptr: it is no
  // instruction, or the library is not there.
  const cs_insn* Decode(uint64_t address, std::span<const std::byte> code);

  // Of the instruction decoded last.
  [[nodiscard]] bool IsIn(uint8_t group) const { return library_->cs_insn_group(handle_, instruction_, group); }

 private:
  const Capstone* library_;
  csh handle_ = 0;
  cs_insn* instruction_ = nullptr;
};

}  // namespace vmm
