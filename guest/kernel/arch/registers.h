// The registers of a user thread while it is not running user code, and how it left user code.
//
// entry.S fills and reads these structures; their offsets stand in x86_64/offsets.h and are asserted there.
#pragma once

#include <stdint.h>

namespace gk {

struct UserRegisters {
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip, rflags;
};

// Copies what both reports to the monitor have by the same names: all but where the code was and its stack.
template <typename Report>
void CopyGeneralRegisters(const UserRegisters& registers, Report& report) {
  report.rax = registers.rax;
  report.rbx = registers.rbx;
  report.rcx = registers.rcx;
  report.rdx = registers.rdx;
  report.rsi = registers.rsi;
  report.rdi = registers.rdi;
  report.rbp = registers.rbp;
  report.r8 = registers.r8;
  report.r9 = registers.r9;
  report.r10 = registers.r10;
  report.r11 = registers.r11;
  report.r12 = registers.r12;
  report.r13 = registers.r13;
  report.r14 = registers.r14;
  report.r15 = registers.r15;
}

// An exception that user code caused and that no fault handler resolved.
struct UserException {
  uint32_t vector;         // SDM volume 3A, table 6-1
  uint32_t error_code;     // 0 where the vector has none
  uint64_t fault_address;  // page faults: CR2; else 0
  int32_t fault_status;    // page faults: the zx_status_t for which the fault could not be resolved; else 0
};

}  // namespace gk
