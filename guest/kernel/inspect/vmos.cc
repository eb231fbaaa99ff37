// Every VMO of the machine, those of the kernel itself (without koid) included.
#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/paged_content.h"

namespace gk::inspect {
namespace {

constexpr Column kColumns[] = {{"KOID", 6},     {"KIND", 11, Align::kLeft},
                               {"SIZE", 8},     {"CONTENT", 10},
                               {"PAGES", 7},    {"DIRTY", 7},
                               {"PINS", 5},     {"PARENT", 6},
                               {"CHILDREN", 8}, {"MAPPINGS", 8},
                               {"PAGER", 8},    {"NAME", 0, Align::kLeft}};

// What distinguishes it most.
const char* KindOf(const Vmo& vmo) {
  switch (vmo.child_kind()) {
    case ChildKind::kSnapshot:
    case ChildKind::kSnapshotAtLeastOnWrite:
    case ChildKind::kSnapshotModified:
      return "snapshot";
    case ChildKind::kSlice:
      return "slice";
    case ChildKind::kReference:
      return "reference";
    case ChildKind::kNone:
      break;
  }
  switch (vmo.content().kind()) {
    case ContentKind::kPhysical:
      return "physical";
    case ContentKind::kContiguous:
      return "contiguous";
    case ContentKind::kOnDemand:
      break;
  }
  if (vmo.page_source() != nullptr) {
    return "pager";
  }
  return vmo.content().discardable() != nullptr ? "discardable" : "paged";
}

bool AddVmo(Report& report, Vmo& vmo) {
  if (report.SkipsNext()) {
    return true;
  }
  Row row(kColumns);
  row.Koid(vmo.koid()).Text(KindOf(vmo));
  if (vmo.size() == Vmo::kMaxSize) {
    row.Text("no end");
  } else {
    row.Size(vmo.size());
  }
  row.Unsigned(vmo.content_size()).Unsigned(vmo.committed_pages()).Unsigned(CountDirtyPages(vmo));
  row.Unsigned(vmo.content().pin_count()).Koid(vmo.parent_koid()).Unsigned(vmo.child_count());
  row.Unsigned(vmo.mapping_count());
  row.Composed([&](TextWriter& cell) { AppendPager(cell, vmo.page_source()); });
  row.Name(vmo.name());
  return report.Add(row);
}

}  // namespace

uint64_t CountDirtyPages(Vmo& vmo) {
  if (vmo.pager_source() == nullptr) {
    return 0;
  }
  const PagedContent& content = *vmo.content().AsPaged();
  uint64_t pages = 0;
  PageIndex from = 0;
  const PageIndex end = vmo.page_end();
  for (size_t runs = 0; runs < kMostElements && from < end; ++runs) {
    const DirtyRun run = content.FindDirty(from, end);
    if (!run || run.end <= from) {
      break;
    }
    pages += run.zero ? 0 : run.end - run.first;
    from = run.end;
  }
  return pages;
}

void ReportVmos(Report& report) {
  report.AddHead(kColumns);
  ForEachCarefully(report, Vmo::all(), [&](Vmo& vmo) { return AddVmo(report, vmo); });
}

}  // namespace gk::inspect
