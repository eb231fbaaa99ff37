// What the guest kernel tells the monitor of a program that it is about to kill for a fault: enough to explain it.
//
// Written by the guest, read once by the monitor, which trusts none of it.
#pragma once

#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

inline constexpr uint32_t kFaultReportNameSize = 32;

// In `vector`: no exception, but a system call that the policy of the program's job wants to be one.
inline constexpr uint32_t kFaultReportPolicy = UINT32_MAX;

// User code's registers.
struct FaultRegisters {
  uint64_t rip, rsp, rflags;
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

// Another thread of the program. One that runs on another CPU meanwhile has the registers of its last entry into the
// kernel.
struct FaultThread {
  FaultRegisters registers;
  uint64_t koid;
  char name[kFaultReportNameSize];
};

static_assert(sizeof(FaultThread) == 18 * 8 + 8 + 32);

// More threads are left out.
inline constexpr uint32_t kFaultReportMostThreads = 32;

struct FaultReport {
  FaultRegisters registers;  // where the program was
  uint64_t page_table_root;  // guest-physical: the program's CR3

  uint32_t vector;         // of the exception (SDM volume 3A, table 6-1), or kFaultReportPolicy
  uint32_t error_code;     // of the exception, 0 where it has none; with kFaultReportPolicy the ZX_POL_ condition
  uint64_t fault_address;  // of a page fault; else 0
  int32_t fault_status;    // the zx_status_t for which a page fault could not be resolved; else ZX_OK

  uint32_t other_count;  // FaultThread structures at `others`, at most kFaultReportMostThreads
  uint64_t others;       // guest-physical

  uint64_t process_koid;
  uint64_t thread_koid;
  char process_name[kFaultReportNameSize];  // NUL-terminated, like the others
  char thread_name[kFaultReportNameSize];

  // The mapping that contains RIP.
  uint64_t code_base;        // virtual
  uint64_t code_size;        // bytes; 0: there is none
  uint64_t code_vmo_offset;  // bytes: what of the VMO code_base shows
  uint64_t code_vmo_koid;    // 0: the VMO has none
  char code_vmo_name[kFaultReportNameSize];
};

static_assert(sizeof(FaultReport) == 19 * 8 + 32 + 16 + 32 + 32 + 32 + 32);

}  // namespace pagoda::abi
