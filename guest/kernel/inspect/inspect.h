// What the kernel can tell a debugger while all CPUs stand still, as text (shared/abi/debug_call.h).
//
// Takes no lock, blocks never, allocates nothing and changes nothing. Whatever state the structures are in, it ends
// after bounded work; what it follows may still lead to memory that is not there, so its caller must survive a fault.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "shared/abi/debug_call.h"

namespace gk::inspect {

struct Answer {
  abi::DebugCallError error;
  size_t size;      // bytes of text in the buffer
  uint64_t cursor;  // for the rest; 0: that was all
};

// The smallest buffer that is of use.
inline constexpr size_t kLeastBuffer = 1024;

// Precondition: `buffer` has kLeastBuffer bytes, all 0.
[[nodiscard]] Answer Inspect(abi::DebugCommand command, uint64_t argument, uint64_t cursor, std::span<char> buffer);

// After an inspection that did not come to its end: puts a line that says `what` behind the whole lines in `buffer`.
// Returns the bytes that are text now.
[[nodiscard]] size_t AddFailure(std::span<char> buffer, std::span<const char> what);

}  // namespace gk::inspect
