// Debug calls: how the monitor asks the guest kernel what only the kernel knows, while all CPUs stand still.
//
// The kernel announces once, at boot and only when the monitor has a debugger, where such a call is made: a
// DebugCallArea whose guest-physical address it stores in SystemControl's DEBUG_AREA register (system_control.h). The
// monitor copies the record once and checks the copy.
//
// A call runs on any stopped CPU that has started; the monitor saves the CPU's state, changes it, lets it run, and puts
// everything back:
//
//   before   CPL 3 (CS/SS = 0x33/0x2b), CR3 = root, RIP = entry, RSP = stack_top, RFLAGS = 2 (interrupts off)
//            RDI = a DebugCommand, RSI = its argument, RDX = cursor (0: from the beginning)
//   after    #BP with the saved RIP just behind return_address, where an `int3` is; CPL 3, CR3 unchanged
//            RAX = a DebugCallError, RDX = bytes of output in the buffer, RCX = cursor for the rest, 0: that was all
//            all other registers are anything
//
// Only one call runs at a time. It takes no lock, allocates nothing, writes nothing but its stack and the buffer, and
// ends after bounded work whatever state the kernel's structures are in. A fault of the kernel in it, or a failed
// assertion, ends it by the same return with kFault; should even that not work, the kernel reports a crash
// (SystemControl's CRASH register), which during a call means no more than that the call failed.
//
// Output is text: whole lines that end in '\n', ASCII only (other bytes of names are shown as '?'), never
// NUL-terminated. A line is never split over two calls. With a cursor the lines go on where they stopped, without
// repeating the head line. A cursor is good as long as no CPU has run anything but debug calls.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

inline constexpr uint64_t kDebugAreaMagic = 0x3147424464676150;  // "PagdDBG1"
inline constexpr uint32_t kDebugAreaVersion = 1;

// Written by the kernel before it announces it, and never again. Fields are only ever appended; `size` grows with them.
struct DebugCallArea {
  uint64_t magic;           // kDebugAreaMagic
  uint32_t version;         // kDebugAreaVersion
  uint32_t size;            // of this structure, bytes
  uint64_t root;            // guest-physical: the kernel's page tables
  uint64_t entry;           // virtual: where a call begins
  uint64_t return_address;  // virtual: of the `int3` by which it ends
  uint64_t stack_bottom;    // virtual
  uint64_t stack_top;       // virtual, 16-byte aligned
  uint64_t buffer;          // virtual
  uint64_t buffer_address;  // guest-physical, page-aligned; the buffer is contiguous
  uint64_t buffer_size;     // bytes
};

static_assert(sizeof(DebugCallArea) == 80);
static_assert(offsetof(DebugCallArea, root) == 16 && offsetof(DebugCallArea, buffer_size) == 72);

// What can be asked. The first group is for people: a head line, then aligned columns.
enum class DebugCommand : uint64_t {
  kVmos = 1,      // all VMOs; argument 0
  kVmars = 2,     // regions and mappings of the process whose koid is the argument; 0: of all processes
  kPagers = 3,    // argument 0
  kRequests = 4,  // outstanding page requests; argument 0
  kThreads = 5,   // of the process whose koid is the argument; 0: all
  kModules = 6,   // loaded program images; argument as for kThreads

  // For the monitor itself: no head line, one record a line, fields separated by one '\t', numbers in hexadecimal
  // without prefix, names last and never with a tab in them, possibly empty.
  //
  // What runs on each CPU, ascending:   cpu  process-koid  thread-koid  process-name  thread-name
  // A CPU without a user thread has koids 0, an empty process name and "idle" or "kernel" as its thread's.
  kCpuRecords = 64,
  // Every module:   process-koid  root  bias  base  end  process-name  module-name
  // root: guest-physical, the process' page tables; bias: what is added to the ELF's addresses; [base, end): where it
  // is mapped. The module name is the path of its file in the boot image where it comes from there; "[vdso]" for the
  // vDSO.
  kModuleRecords = 65,
};

enum class DebugCallError : uint64_t {
  kNone = 0,
  kUnknownCommand = 1,
  kNotFound = 2,   // no process has this koid
  kBadCursor = 3,  // past the end of the answer
  kFault = 4,      // the inspection failed half-way; the output says where, in words
};

}  // namespace pagoda::abi
