// Why a machine stopped: one alternative for each way, carrying what the report needs and nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "shared/abi/system_control.h"

namespace vmm {

// The guest asked for it.
struct GuestExit {
  uint32_t code;  // as written; the low 8 bits are the exit code
};

// The guest kernel gave up.
struct GuestPanic {
  uint32_t cpu;             // that sent the report
  abi::CrashReport report;  // a private copy; no field of it is to be trusted
};

// A vCPU cannot go on.
enum class VcpuFault {
  kTripleFault,  // the CPU shut down: a fault while delivering a double fault
  kUnrunnable,   // KVM could not emulate or enter
  kHostError,    // KVM_RUN itself failed
};
struct VcpuFailure {
  uint32_t cpu;
  VcpuFault fault;
  std::string detail;  // one line
};

// --timeout ran out.
struct TimedOut {};

// SIGINT or SIGTERM.
struct Signalled {
  int signal;
};

using StopReason = std::variant<GuestExit, GuestPanic, VcpuFailure, TimedOut, Signalled>;

// The exit code of the run (vmm/cli/exit_codes.h).
[[nodiscard]] int ExitCodeOf(const StopReason& reason);

}  // namespace vmm
