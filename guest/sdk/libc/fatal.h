// The end of a program that cannot go on.
#pragma once

namespace pagoda::libc {

// Prints one line with the reason, what was printed before it included, and ends the program by an undefined
// instruction: the kernel's report then shows where. Takes no lock and allocates nothing.
[[noreturn]] void Fatal(const char* reason);

}  // namespace pagoda::libc
