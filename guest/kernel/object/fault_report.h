// What the monitor is told of a thread whose process is about to be killed (shared/abi/fault_report.h).
#pragma once

#include "guest/kernel/arch/registers.h"
#include "guest/kernel/object/exception_report.h"
#include "guest/kernel/object/thread_dispatcher.h"
#include "shared/abi/fault_report.h"

namespace gk {

// For an exception of `thread`, and for a system call of its that the policy of its job does not allow. `registers`:
// the thread's user code.
[[nodiscard]] abi::FaultReport FaultReportOf(const ThreadDispatcher& thread, const UserRegisters& registers,
                                             const UserException& exception);
[[nodiscard]] abi::FaultReport FaultReportOf(const ThreadDispatcher& thread, const UserRegisters& registers,
                                             const PolicyViolation& violation);

}  // namespace gk
