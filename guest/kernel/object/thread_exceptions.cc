// What ThreadDispatcher does about exceptions, and the events of a thread's life that handlers hear of.
#include "guest/kernel/object/exception_delivery.h"
#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/exception_report.h"
#include "guest/kernel/object/fault_report.h"
#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/platform.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {

void ThreadDispatcher::SetException(RefPtr<ExceptionDispatcher> exception) { exception_ = std::move(exception); }

void ThreadDispatcher::OnThreadStart() {
  if (first_of_process_) {
    for (RefPtr<JobDispatcher> job = process_->job_reference(); job; job = RefPtr<JobDispatcher>(job->parent())) {
      NotifyHandler(*this, job->debug_exceptionate(), ZX_EXCP_PROCESS_STARTING);
    }
  }
  NotifyHandler(*this, process_->debug_exceptionate(), ZX_EXCP_THREAD_STARTING);
}

void ThreadDispatcher::Exit() {
  NotifyHandler(*this, process_->debug_exceptionate(), ZX_EXCP_THREAD_EXITING);
  Kill();
}

void ThreadDispatcher::OnException(UserRegisters& registers, const UserException& exception) {
  if (thread_->kill_pending()) {
    return;
  }
  switch (DeliverException(*this, ReportOf(exception))) {
    case ExceptionOutcome::kResume:
      break;
    case ExceptionOutcome::kThreadExit:
      Kill();
      break;
    case ExceptionOutcome::kUnhandled:
      EndProcessOver(ExceptionReport(*process_->name(), name_, registers.rip, exception),
                     FaultReportOf(*this, registers, exception));
      break;
  }
}

void ThreadDispatcher::QueuePolicyException(uint32_t condition) { violated_policy_ = condition; }

void ThreadDispatcher::RaisePolicyException(const UserRegisters& registers) {
  const PolicyViolation violation{.condition = *violated_policy_};
  violated_policy_.reset();
  switch (DeliverException(*this, PolicyReport(violation.condition))) {
    case ExceptionOutcome::kResume:
      break;
    case ExceptionOutcome::kThreadExit:
      Kill();
      break;
    case ExceptionOutcome::kUnhandled:
      EndProcessOver(ExceptionReport(*process_->name(), name_, registers.rip, violation),
                     FaultReportOf(*this, registers, violation));
      break;
  }
}

void ThreadDispatcher::EndProcessOver(const ExceptionReport& report, const abi::FaultReport& fault) {
  if (process_->state() != ProcessDispatcher::State::kRunning) {
    return;  // it is being killed, and so is this thread; only the first fault is worth a report
  }
  // Both come first: the monitor looks at the process' memory, and a thread that is told to end cannot wait for the
  // console any more.
  platform().ReportFault(fault);
  platform().WriteConsole(report.text());
  process_->Kill(ZX_TASK_RETCODE_EXCEPTION_KILL);
}

}  // namespace gk
