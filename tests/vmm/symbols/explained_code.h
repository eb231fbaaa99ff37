// Code that the tests explain: calls and inlined functions whose lines and names are known.
#pragma once

#include <cstdint>

#include "vmm/gdb/registers.h"

namespace explained {

// The registers in the middle of functions that call each other: Outer -> Middle -> (Inlined, into Middle) -> Capture.
struct Moment {
  vmm::gdb::Registers registers;
  void (*look)(const Moment&, void* argument);  // called while the stack is what the registers say
  void* argument;
};

// Fills in `moment.registers` and calls `moment.look`.
int Outer(Moment& moment);

extern const int kInlinedLine;  // of the call of Capture in explained_code.cc
extern const int kMiddleLine;   // of the call of Inlined

}  // namespace explained

// Assembly: jmp explained_target; nop; lea explained_data(%rip), %rax; hlt.
extern "C" const uint8_t explained_jump[];
extern "C" const uint8_t explained_target[];
