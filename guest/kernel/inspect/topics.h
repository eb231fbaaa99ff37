// The functions that answer one command each. Internal to this folder.
#pragma once

#include <stdint.h>

#include "guest/kernel/inspect/careful_list.h"
#include "guest/kernel/inspect/report.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::inspect {

void ReportVmos(Report& report);
void ReportPagers(Report& report);
void ReportRequests(Report& report);
void ReportCpus(Report& report);

// Of the process with this koid; 0: of all.
void ReportVmars(Report& report, uint64_t koid);
void ReportThreads(Report& report, uint64_t koid);
void ReportModules(Report& report, uint64_t koid);
void ReportModuleRecords(Report& report, uint64_t koid);

// --- what several of them need ---

// Whoever serves a source, in a few characters: "1044", "host:3"; "-": the pages are nobody's.
void AppendPager(TextWriter& to, PageSource* source);

// Pages that are newer here than at the object's pager.
[[nodiscard]] uint64_t CountDirtyPages(Vmo& vmo);

// Calls `visit` for the process with this koid, or all for 0, as long as it returns true.
template <typename Visit>
void ForEachProcess(Report& report, uint64_t koid, Visit visit) {
  ForEachCarefully(report, ProcessDispatcher::all(),
                   [&](ProcessDispatcher& process) { return (koid != 0 && process.koid() != koid) || visit(process); });
}

// How many steps a scan of one address space may take.
inline constexpr size_t kMostRegionSteps = size_t{1} << 20;

}  // namespace gk::inspect
