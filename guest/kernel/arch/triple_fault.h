// The end that no kernel survives, on request (the option crash=triple-fault).
#pragma once

namespace gk::arch {

// Loads an address space in which nothing is mapped: the CPU can neither go on nor deliver the exception.
[[noreturn]] void TripleFault();

}  // namespace gk::arch
