// Who runs, and who waits for what.
#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/object/thread_dispatcher.h"
#include "guest/kernel/sched/cpu.h"
#include "guest/kernel/sched/scheduler.h"

namespace gk::inspect {
namespace {

constexpr Column kColumns[] = {{"PROCESS", 7},
                               {"THREAD", 6},
                               {"STATE", 9, Align::kLeft},
                               {"CPU", 3},
                               {"WAITS-FOR", 9, Align::kLeft},
                               {"RIP", 18},
                               {"NAME", 0, Align::kLeft}};

const char* StateOf(const Thread& thread) {
  switch (thread.state()) {
    case Thread::State::kNew:
      return "new";
    case Thread::State::kReady:
      return "ready";
    case Thread::State::kRunning:
      return "running";
    case Thread::State::kBlocked:
      return thread.suspended() ? "suspended" : "blocked";
    case Thread::State::kDead:
      return "dead";
  }
  return "?";
}

const char* ReasonOf(const Thread& thread) {
  if (thread.state() != Thread::State::kBlocked) {
    return "-";
  }
  switch (thread.block_reason()) {
    case BlockReason::kKernel:
      return "kernel";
    case BlockReason::kException:
      return "exception";
    case BlockReason::kSleeping:
      return "time";
    case BlockReason::kFutex:
      return "futex";
    case BlockReason::kPort:
      return "port";
    case BlockReason::kChannel:
      return "channel";
    case BlockReason::kWaitOne:
      return "signal";
    case BlockReason::kWaitMany:
      return "signals";
    case BlockReason::kInterrupt:
      return "interrupt";
    case BlockReason::kPager:
    case BlockReason::kPagerInCopy:
      return "pager";
  }
  return "?";
}

bool AddThread(Report& report, const ProcessDispatcher& process, ThreadDispatcher& dispatcher) {
  Thread* thread = dispatcher.thread();
  if (thread == nullptr || report.SkipsNext()) {
    return true;
  }
  const Cpu* cpu = thread->cpu();
  Row row(kColumns);
  row.Koid(process.koid()).Koid(dispatcher.koid()).Text(StateOf(*thread));
  if (cpu != nullptr) {
    row.Unsigned(cpu->index);
  } else {
    row.Text("-");
  }
  row.Text(ReasonOf(*thread));
  // In user code the CPU has the registers; what is kept here is from its last visit.
  if (cpu != nullptr && cpu->in_user.load(std::memory_order_relaxed)) {
    row.Text("(in the CPU)");
  } else {
    row.Hexadecimal(thread->registers().rip);
  }
  row.Composed([&](TextWriter& cell) {
    cell.AppendName(process.name()->text());
    cell.Append('/');
    cell.AppendName(dispatcher.name()->text());
  });
  return report.Add(row);
}

bool AddCpu(Report& report, uint32_t index, const Cpu& cpu) {
  if (report.SkipsNext()) {
    return true;
  }
  Row row;
  row.Hexadecimal(index);
  Thread* thread = cpu.current;
  ThreadOwner* owner = thread != nullptr ? thread->owner() : nullptr;
  if (owner == nullptr) {
    row.Hexadecimal(0).Hexadecimal(0).Text("").Text(thread == cpu.idle ? "idle" : "kernel");
  } else {
    const ThreadIdentity identity = owner->identity();
    row.Hexadecimal(identity.process_koid).Hexadecimal(identity.thread_koid);
    row.Name(identity.process_name).Name(identity.thread_name);
  }
  return report.Add(row);
}

}  // namespace

void ReportThreads(Report& report, uint64_t koid) {
  report.AddHead(kColumns);
  ForEachProcess(report, koid, [&](ProcessDispatcher& process) {
    ForEachCarefully(report, process.threads(),
                     [&](ThreadDispatcher& thread) { return AddThread(report, process, thread); });
    return !report.full();
  });
}

void ReportCpus(Report& report) {
  for (uint32_t index = 0; index < scheduler->cpu_count() && index < abi::kMaxCpus; ++index) {
    if (!AddCpu(report, index, scheduler->cpu(index))) {
      return;
    }
  }
}

}  // namespace gk::inspect
