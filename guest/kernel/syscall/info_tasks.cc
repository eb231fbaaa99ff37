// Topics about jobs, processes and threads.
#include <stddef.h>
#include <zircon/syscalls/object.h>

#include <array>

#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/syscall/info_topics.h"
#include "guest/kernel/vm/memory_use.h"

namespace gk::syscall {
namespace {

// The koids of a list that may change whenever some of them are stored: they are gathered piece by piece. What joins or
// leaves meanwhile may be missing, or make a neighbour appear twice; whoever asks about a living list has to expect
// that.
template <typename ForEach>
Result<> AddKoids(InfoSink& sink, ForEach for_each) {
  constexpr size_t kPiece = 32;
  for (size_t start = 0;; start += kPiece) {
    std::array<zx_koid_t, kPiece> koids;
    size_t index = 0;
    size_t count = 0;
    for_each([&](const Dispatcher& object) {
      if (index++ >= start) {
        koids[count++] = object.koid();
      }
      return count < kPiece;
    });
    PAGODA_TRY(sink.AddAll(std::span<const zx_koid_t>(koids.data(), count)));
    if (count < kPiece) {
      return {};
    }
  }
}

zx_info_process_flags_t FlagsOf(ProcessDispatcher& process) {
  const bool started = process.start_time() != 0;
  const bool exited = process.state() == ProcessDispatcher::State::kDead;
  const bool debugged = process.debug_exceptionate().bound();
  return (debugged ? ZX_INFO_PROCESS_FLAG_DEBUGGER_ATTACHED : 0) | (started ? ZX_INFO_PROCESS_FLAG_STARTED : 0) |
         (exited ? ZX_INFO_PROCESS_FLAG_EXITED : 0);
}

}  // namespace

Result<> InfoProcess(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(handle, ZX_RIGHT_INSPECT));
  const bool exited = process->state() == ProcessDispatcher::State::kDead;
  return sink.SetOnly(zx_info_process_t{.return_code = exited ? process->return_code() : 0,
                                        .start_time = process->start_time(),
                                        .flags = FlagsOf(*process),
                                        .padding1 = {}});
}

Result<> InfoProcessThreads(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(handle, ZX_RIGHT_ENUMERATE));
  return AddKoids(sink, [&](auto visit) { process->ForEachThread(visit); });
}

Result<> InfoProcessHandleStats(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(handle, ZX_RIGHT_INSPECT));
  zx_info_process_handle_stats_t stats{};
  process->handles().ForEach([&](const Handle& each) { ++stats.handle_count[each.object()->type()]; });
  return sink.SetOnly(stats);
}

Result<> InfoTaskStats(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(handle, ZX_RIGHT_INSPECT));
  if (process->state() == ProcessDispatcher::State::kDead) {
    return Error(ZX_ERR_BAD_STATE);
  }
  const MemoryUse use = MeasureMemoryUse(process->address_space().root_reference());
  return sink.SetOnly(zx_info_task_stats_t{.mem_mapped_bytes = use.mapped,
                                           .mem_private_bytes = use.private_use,
                                           .mem_shared_bytes = use.shared_use,
                                           .mem_scaled_shared_bytes = use.scaled_shared_use});
}

Result<> InfoThread(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ThreadDispatcher> thread,
                    caller.handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_INSPECT));
  zx_info_thread_t info{};
  info.state = thread->InfoState();
  if (info.state == ZX_THREAD_STATE_BLOCKED_EXCEPTION && thread->exception()) {
    info.wait_exception_channel_type = thread->exception()->channel_type();
  }
  // Every thread may run everywhere.
  info.cpu_affinity_mask.mask[0] = (uint64_t{1} << scheduler->cpu_count()) - 1;
  return sink.SetOnly(info);
}

namespace {

Result<> AddExceptionReport(Caller& caller, zx_handle_t handle, InfoSink& sink, size_t size) {
  PAGODA_TRY_ASSIGN(const RefPtr<ThreadDispatcher> thread,
                    caller.handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_INSPECT));
  if (!thread->exception()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  const zx_exception_report_t report = thread->exception()->report();
  return sink.SetOnlyPrefix(report, size);
}

}  // namespace

Result<> InfoThreadExceptionReport(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return AddExceptionReport(caller, handle, sink, sizeof(zx_exception_report_t));
}

Result<> InfoThreadExceptionReportV1(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return AddExceptionReport(caller, handle, sink, offsetof(zx_exception_report_t, context.synth_code));
}

Result<> InfoJob(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<JobDispatcher> job, caller.handles().Get<JobDispatcher>(handle, ZX_RIGHT_INSPECT));
  zx_info_job_t info{};
  info.return_code = job->return_code();
  info.debugger_attached = job->debug_exceptionate().bound();
  info.exited = job->state() == JobDispatcher::State::kDead;
  return sink.SetOnly(info);
}

Result<> InfoJobChildren(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<JobDispatcher> job, caller.handles().Get<JobDispatcher>(handle, ZX_RIGHT_ENUMERATE));
  return AddKoids(sink, [&](auto visit) { job->ForEachJob(visit); });
}

Result<> InfoJobProcesses(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<JobDispatcher> job, caller.handles().Get<JobDispatcher>(handle, ZX_RIGHT_ENUMERATE));
  return AddKoids(sink, [&](auto visit) { job->ForEachProcess(visit); });
}

}  // namespace gk::syscall
