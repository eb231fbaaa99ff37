// From the registers of stopped code to the calls that led to it: by the call-frame information of the ELF files, else
// by frame pointers (libdw does both). Two kinds of places need more:
//
//   - The nucleus. Code there was entered by a trap, and the CPU's frame on the trap stack says what was interrupted:
//   the
//     unwinder shows the nucleus as one frame and goes on there.
//   - A place where there is no code, or code without any description (a call of a null pointer; the vDSO): the return
//     address of the call is still on top of the stack.
//
// Bounded in depth, and every read may fail: the stack is whatever the guest made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vmm/debug/memory_reader.h"
#include "vmm/gdb/registers.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

struct StackFrame {
  enum class Kind {
    kStopped,  // the instruction that was about to be executed
    kCall,     // a return address: the call is the instruction before it
    kTrapped,  // what a trap interrupted; as kStopped
  };
  uint64_t address;
  Kind kind;

  // An address inside the instruction that this frame is at: what to look up.
  [[nodiscard]] uint64_t LookUpAddress() const { return kind == Kind::kCall ? address - 1 : address; }
};

inline constexpr size_t kMaxFrames = 64;

// Innermost first, never empty, at most kMaxFrames. `memory`: as the stopped code sees it.
[[nodiscard]] std::vector<StackFrame> Unwind(const gdb::Registers& registers, const MemoryReader& memory,
                                             const SymbolSet& symbols);

}  // namespace vmm
