#include "guest/kernel/object/exception_delivery.h"

#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/job_dispatcher.h"

namespace gk {
namespace {

// Gives the exception to one handler. kUnhandled: there is none, or it passed.
ExceptionOutcome Ask(Exceptionate& handler, const RefPtr<ExceptionDispatcher>& exception) {
  if (!handler.Send(exception)) {
    return ExceptionOutcome::kUnhandled;
  }
  if (!exception->WaitForHandler().ok()) {
    return ExceptionOutcome::kThreadExit;
  }
  switch (exception->answer()) {
    case ZX_EXCEPTION_STATE_HANDLED:
      return ExceptionOutcome::kResume;
    case ZX_EXCEPTION_STATE_THREAD_EXIT:
      return ExceptionOutcome::kThreadExit;
    default:
      return ExceptionOutcome::kUnhandled;
  }
}

ExceptionOutcome AskJobs(RefPtr<JobDispatcher> job, const RefPtr<ExceptionDispatcher>& exception) {
  ExceptionOutcome outcome = ExceptionOutcome::kUnhandled;
  while (job && outcome == ExceptionOutcome::kUnhandled) {
    outcome = Ask(job->exceptionate(), exception);
    job = RefPtr<JobDispatcher>(job->parent());
  }
  return outcome;
}

ExceptionOutcome AskAll(ThreadDispatcher& thread, const RefPtr<ExceptionDispatcher>& exception) {
  ProcessDispatcher& process = thread.process();
  for (Exceptionate* handler : {&process.debug_exceptionate(), &thread.exceptionate(), &process.exceptionate()}) {
    if (const ExceptionOutcome outcome = Ask(*handler, exception); outcome != ExceptionOutcome::kUnhandled) {
      return outcome;
    }
  }
  if (exception->second_chance()) {
    const ExceptionOutcome outcome = Ask(process.debug_exceptionate(), exception);
    if (outcome != ExceptionOutcome::kUnhandled) {
      return outcome;
    }
  }
  return AskJobs(process.job_reference(), exception);
}

zx_excp_type_t TypeOf(uint32_t vector) {
  switch (vector) {  // SDM volume 3A, table 6-1
    case 1:
      return ZX_EXCP_HW_BREAKPOINT;
    case 3:
      return ZX_EXCP_SW_BREAKPOINT;
    case 6:
      return ZX_EXCP_UNDEFINED_INSTRUCTION;
    case 14:
      return ZX_EXCP_FATAL_PAGE_FAULT;
    case 17:
      return ZX_EXCP_UNALIGNED_ACCESS;
    default:
      return ZX_EXCP_GENERAL;
  }
}

zx_exception_report_t EmptyReport(zx_excp_type_t type) {
  zx_exception_report_t report{};
  report.header = {.size = sizeof(report), .type = type};
  return report;
}

}  // namespace

ExceptionOutcome DeliverException(ThreadDispatcher& thread, const zx_exception_report_t& report) {
  const RefPtr<ExceptionDispatcher> exception = ExceptionDispatcher::Create(RefPtr<ThreadDispatcher>(&thread), report);
  if (!exception) {
    return ExceptionOutcome::kUnhandled;
  }
  thread.SetException(exception);
  const ExceptionOutcome outcome = AskAll(thread, exception);
  thread.SetException(nullptr);
  return outcome;
}

void NotifyHandler(ThreadDispatcher& thread, Exceptionate& handler, zx_excp_type_t type) {
  if (!handler.bound()) {
    return;
  }
  const RefPtr<ExceptionDispatcher> exception =
      ExceptionDispatcher::Create(RefPtr<ThreadDispatcher>(&thread), EmptyReport(type));
  if (!exception) {
    return;
  }
  thread.SetException(exception);
  const ExceptionOutcome outcome = Ask(handler, exception);
  thread.SetException(nullptr);
  if (outcome == ExceptionOutcome::kThreadExit) {
    thread.Kill();
  }
}

zx_exception_report_t ReportOf(const UserException& exception) {
  zx_exception_report_t report = EmptyReport(TypeOf(exception.vector));
  report.context.arch.x86_64 = {
      .vector = exception.vector, .err_code = exception.error_code, .cr2 = exception.fault_address};
  report.context.synth_code = static_cast<uint32_t>(exception.fault_status);
  return report;
}

zx_exception_report_t PolicyReport(uint32_t condition) {
  zx_exception_report_t report = EmptyReport(ZX_EXCP_POLICY_ERROR);
  report.context.synth_code = condition;  // ZX_EXCP_POLICY_CODE_* are the conditions' numbers
  return report;
}

}  // namespace gk
