// The way of an exception past all who may handle it: the process' debugger, the thread, the process, the debugger
// again if it wishes, then the jobs from the process' own to the root.
#pragma once

#include <zircon/syscalls/exception.h>

#include "guest/kernel/arch/registers.h"
#include "guest/kernel/object/exceptionate.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {

enum class ExceptionOutcome : uint8_t {
  kResume,      // a handler says that the thread can go on
  kThreadExit,  // a handler wants the thread to end, or it was told to end meanwhile
  kUnhandled,
};

// Asks the handlers one after the other on behalf of the calling thread, which is `thread`; blocks while one decides.
ExceptionOutcome DeliverException(ThreadDispatcher& thread, const zx_exception_report_t& report);

// Tells one handler of an event in the life of the calling thread and waits until it has seen it. Nobody else is asked.
void NotifyHandler(ThreadDispatcher& thread, Exceptionate& handler, zx_excp_type_t type);

// What handlers read about an exception that the CPU raised, and about a violation of a policy.
[[nodiscard]] zx_exception_report_t ReportOf(const UserException& exception);
[[nodiscard]] zx_exception_report_t PolicyReport(uint32_t condition);

}  // namespace gk
