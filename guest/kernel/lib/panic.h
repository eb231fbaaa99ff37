// The end: the kernel found that its own state is impossible.
//
// Only for faults of the kernel itself; nothing that a program or the monitor can cause ends here.
#pragma once

namespace gk {

// Reports `message` with the registers to the monitor, which stops the machine.
[[noreturn]] void Panic(const char* message);

}  // namespace gk

#define GK_ASSERT_STRING_INNER(x) #x
#define GK_ASSERT_STRING(x) GK_ASSERT_STRING_INNER(x)

// Checked in every build.
#define GK_ASSERT(condition)                                                                  \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      ::gk::Panic(__FILE__ ":" GK_ASSERT_STRING(__LINE__) ": assertion failed: " #condition); \
    }                                                                                         \
  } while (false)
