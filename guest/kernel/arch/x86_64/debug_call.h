// What a failure of the kernel during a debug call comes to: the call fails, the machine goes on.
#pragma once

#include <stdint.h>

#include <span>

namespace gk::arch {

// True when the stack pointer of the code that failed shows that it ran for a debugger; its guard page counts.
[[nodiscard]] bool IsDebugCallStack(uint64_t stack_pointer);

// Ends the call with DebugCallError::kFault and a line that says `what`, behind what was written by then.
[[noreturn]] void FailDebugCall(std::span<const char> what);

}  // namespace gk::arch
