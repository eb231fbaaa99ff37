// SystemControl: one page of registers by which the guest kernel asks the monitor for what only the monitor can do.
//
// Every register is write-only, naturally aligned and written with one store of its size; reads give 0. A write that
// matches no register is ignored and counted. The device has no interrupt.
#pragma once

#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

// u32. Stops the machine: output that the guest has posted is written out first. The value is the exit code of the run.
inline constexpr uint64_t kSystemControlExit = 0x00;

// u32. Starts the vCPU with this index as boot_info.h describes. Ignored for a CPU that runs or does not exist.
inline constexpr uint64_t kSystemControlCpuStart = 0x08;

// u64. The CR3 with which CPUs are started from now on; until it is written, the bootstrap root of boot_info.h.
// Page-aligned and in RAM, or the write is ignored.
inline constexpr uint64_t kSystemControlCpuRoot = 0x18;

// u64. Guest-physical address of a CrashReport that lies in RAM. Stops the machine; the monitor prints the report.
inline constexpr uint64_t kSystemControlCrash = 0x10;

// u64. Guest-physical address of a DebugCallArea (debug_call.h) that lies in RAM. Written at most once, and only where
// the monitor has said in BootInfo that it has a debugger.
inline constexpr uint64_t kSystemControlDebugArea = 0x20;

// u64. Guest-physical address of a CodeMapped that lies in RAM. Written, only where the monitor has a debugger, after
// user pages have become executable; the monitor has read the record and planted its breakpoints when the store is
// done.
inline constexpr uint64_t kSystemControlCodeMapped = 0x28;

struct CodeMapped {
  uint64_t root;     // guest-physical: the page tables
  uint64_t address;  // virtual, page-aligned
  uint64_t pages;    // of 4 KiB; not all of them need be mapped
};

static_assert(sizeof(CodeMapped) == 24);

// u64. Guest-physical address of a FaultReport (fault_report.h) that lies in RAM: a program is about to be killed. The
// monitor has read all that it wants of the guest's memory when the store is done.
inline constexpr uint64_t kSystemControlFault = 0x30;

// u64. Guest-physical address of an Observation (observation.h) that lies in RAM. Written at most once, and only where
// the monitor has asked for it in BootInfo.
inline constexpr uint64_t kSystemControlObservation = 0x38;

// u32, any value. The vCPU waits for another one, which may be waiting for a processor of the host: the monitor yields.
inline constexpr uint64_t kSystemControlYield = 0x40;

// Why the guest kernel gave up. Written by the guest, read once by the monitor, which trusts none of it.
struct CrashReport {
  uint64_t rip, rsp, rflags, cr2, cr3, error_code;
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint32_t vector;    // of the exception; UINT32_MAX when the kernel itself found the fault
  uint32_t cpu;       // index
  char message[256];  // NUL-terminated, one line
};

static_assert(sizeof(CrashReport) == 21 * 8 + 8 + 256);

}  // namespace pagoda::abi
