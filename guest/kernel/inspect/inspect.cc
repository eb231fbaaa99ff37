#include "guest/kernel/inspect/inspect.h"

#include "guest/kernel/inspect/report.h"
#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/sched/kernel_lock.h"

namespace gk::inspect {
namespace {

using abi::DebugCallError;
using abi::DebugCommand;

bool ProcessExists(uint64_t koid) {
  bool found = koid == 0;
  ForEachCarefully(ProcessDispatcher::all(), [&](const ProcessDispatcher& process) {
    found = found || process.koid() == koid;
    return !found;
  });
  return found;
}

bool IsForPeople(DebugCommand command) { return command < DebugCommand::kCpuRecords; }

bool NamesAProcess(DebugCommand command) {
  return command == DebugCommand::kVmars || command == DebugCommand::kThreads || command == DebugCommand::kModules ||
         command == DebugCommand::kModuleRecords;
}

// False: there is no such command.
bool Dispatch(DebugCommand command, uint64_t argument, Report& report) {
  switch (command) {
    case DebugCommand::kVmos:
      ReportVmos(report);
      return true;
    case DebugCommand::kVmars:
      ReportVmars(report, argument);
      return true;
    case DebugCommand::kPagers:
      ReportPagers(report);
      return true;
    case DebugCommand::kRequests:
      ReportRequests(report);
      return true;
    case DebugCommand::kThreads:
      ReportThreads(report, argument);
      return true;
    case DebugCommand::kModules:
      ReportModules(report, argument);
      return true;
    case DebugCommand::kCpuRecords:
      ReportCpus(report);
      return true;
    case DebugCommand::kModuleRecords:
      ReportModuleRecords(report, argument);
      return true;
  }
  return false;
}

}  // namespace

Answer Inspect(DebugCommand command, uint64_t argument, uint64_t cursor, std::span<char> buffer) {
  if (NamesAProcess(command) && !ProcessExists(argument)) {
    return {.error = DebugCallError::kNotFound, .size = 0, .cursor = 0};
  }
  Report report(buffer, cursor);
  if (!Dispatch(command, argument, report)) {
    return {.error = DebugCallError::kUnknownCommand, .size = 0, .cursor = 0};
  }
  if (IsForPeople(command) && kernel_lock.held() && !report.full()) {
    report.AddNote("(a CPU stands in the kernel: what it was changing may be half done here)");
  }
  if (report.had_bad_cursor()) {
    return {.error = DebugCallError::kBadCursor, .size = 0, .cursor = 0};
  }
  return {.error = DebugCallError::kNone, .size = report.size(), .cursor = report.cursor()};
}

size_t AddFailure(std::span<char> buffer, std::span<const char> what) {
  constexpr char kLead[] = "(the inspection failed: ";
  constexpr char kTail[] = ")\n";
  constexpr size_t kMostWhat = 300;
  const size_t most_size = sizeof(kLead) + kMostWhat + sizeof(kTail);
  size_t size = 0;
  for (size_t i = 0; i + most_size < buffer.size() && buffer[i] != '\0'; ++i) {
    size = buffer[i] == '\n' ? i + 1 : size;
  }
  TextWriter line(buffer.subspan(size));
  line.Append(kLead);
  line.AppendName(what.first(Min(what.size(), kMostWhat)));
  line.Append(kTail);
  return size + line.length();
}

}  // namespace gk::inspect
