// Who serves pages, and what was asked of them and not answered yet.
#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/page_source.h"

namespace gk::inspect {
namespace {

constexpr Column kPagerColumns[] = {{"PAGER", 8},
                                    {"KIND", 9, Align::kLeft},
                                    {"VMOS", 6},
                                    {"REQUESTS", 8},
                                    {"DIRTY", 7},
                                    {"STATE", 15, Align::kLeft},
                                    {"NAME", 0, Align::kLeft}};

constexpr Column kRequestColumns[] = {{"VMO", 6},
                                      {"PAGER", 8},
                                      {"KIND", 5, Align::kLeft},
                                      {"OFFSET", 12},
                                      {"LENGTH", 8},
                                      {"OPEN", 6},
                                      {"AGE-MS", 8},
                                      {"WAITING", 7},
                                      {"NAME", 16, Align::kLeft},
                                      {"THREADS", 0, Align::kLeft}};

const char* KindOf(PagerIdentity::Kind kind) {
  switch (kind) {
    case PagerIdentity::Kind::kProgram:
      return "program";
    case PagerIdentity::Kind::kClosedProgram:
      return "closed";
    case PagerIdentity::Kind::kHost:
      return "host";
    case PagerIdentity::Kind::kUnknown:
      break;
  }
  return "other";
}

// Sources of one program's pager belong together. Others serve one VMO each.
bool IsSamePager(PageSource& a, PageSource& b) {
  const PagerIdentity first = a.provider().identity();
  const PagerIdentity second = b.provider().identity();
  return &a == &b ||
         (first.kind == PagerIdentity::Kind::kProgram && second.kind == first.kind && second.number == first.number);
}

template <typename Visit>
void ForEachSource(Visit visit) {
  ForEachCarefully(Vmo::all(), [&](Vmo& vmo) {
    PageSource* source = vmo.pager_source();
    return source == nullptr || visit(vmo, *source);
  });
}

struct PagerTotals {
  uint64_t vmos = 0;
  uint64_t requests = 0;
  uint64_t dirty = 0;
  uint64_t detached = 0;
};

uint64_t CountRequests(PageSource& source) {
  uint64_t count = 0;
  ForEachCarefully(source.requests(), [&](SourceRequest&) {
    ++count;
    return true;
  });
  return count;
}

PagerTotals TotalsOf(PageSource& of) {
  PagerTotals totals;
  ForEachSource([&](Vmo& vmo, PageSource& source) {
    if (IsSamePager(of, source)) {
      ++totals.vmos;
      totals.requests += CountRequests(source);
      totals.dirty += CountDirtyPages(vmo);
      totals.detached += source.attached() ? 0U : 1U;
    }
    return true;
  });
  return totals;
}

// A pager has one line: at the first of its VMOs.
bool IsFirstOfItsPager(PageSource& source) {
  bool first = false;
  ForEachSource([&](Vmo&, PageSource& other) {
    first = &other == &source;
    return !IsSamePager(source, other);
  });
  return first;
}

bool AddPager(Report& report, const Vmo& first_vmo, PageSource& source) {
  if (report.SkipsNext()) {
    return true;
  }
  const PagerTotals totals = TotalsOf(source);
  Row row(kPagerColumns);
  row.Composed([&](TextWriter& cell) { AppendPager(cell, &source); });
  row.Text(KindOf(source.provider().identity().kind)).Unsigned(totals.vmos).Unsigned(totals.requests);
  row.Unsigned(totals.dirty);
  row.Text(totals.detached == 0 ? "attached" : (totals.detached == totals.vmos ? "detached" : "part-detached"));
  row.Name(totals.vmos == 1 ? first_vmo.name() : ObjectName());
  return report.Add(row);
}

uint64_t AgeInMilliseconds(const SourceRequest& request) {
  const zx_time_t age = CurrentTime() - request.asked_at;
  return age > 0 ? static_cast<uint64_t>(age) / 1'000'000 : 0;
}

uint64_t CountWaiters(SourceRequest& request) {
  uint64_t count = 0;
  ForEachCarefully(request.waiters(), [&](PageRequest&) {
    ++count;
    return true;
  });
  return count;
}

// As many as there is room for.
void AppendWaiters(TextWriter& to, SourceRequest& request) {
  ForEachCarefully(request.waiters(), [&](PageRequest& waiter) {
    to.Append(to.length() == 0 ? "" : ", ");
    Thread* thread = waiter.sleeper();
    if (thread == nullptr || thread->owner() == nullptr) {
      to.Append(thread == nullptr ? "(polling)" : "(kernel)");
      return true;
    }
    const ThreadIdentity identity = thread->owner()->identity();
    to.AppendUnsigned(identity.thread_koid);
    to.Append(' ');
    to.AppendName(identity.process_name.text());
    to.Append('/');
    to.AppendName(identity.thread_name.text());
    return true;
  });
}

bool AddRequest(Report& report, const Vmo& vmo, SourceRequest& request) {
  if (report.SkipsNext()) {
    return true;
  }
  Row row(kRequestColumns);
  row.Koid(vmo.koid());
  row.Composed([&](TextWriter& cell) { AppendPager(cell, request.source.get()); });
  row.Text(request.kind == SourceRequestKind::kRead ? "READ" : "DIRTY");
  row.Hexadecimal(request.offset()).Size(request.length()).Unsigned(request.unresolved());
  row.Unsigned(AgeInMilliseconds(request)).Unsigned(CountWaiters(request));
  row.Name(vmo.name());
  row.Composed([&](TextWriter& cell) { AppendWaiters(cell, request); });
  return report.Add(row);
}

}  // namespace

void AppendPager(TextWriter& to, PageSource* source) {
  if (source == nullptr) {
    to.Append('-');
    return;
  }
  const PagerIdentity identity = source->provider().identity();
  switch (identity.kind) {
    case PagerIdentity::Kind::kHost:
      to.Append("host:");
      to.AppendUnsigned(identity.number);
      break;
    case PagerIdentity::Kind::kProgram:
      to.AppendUnsigned(identity.number);
      break;
    case PagerIdentity::Kind::kClosedProgram:
      to.Append("closed");
      break;
    case PagerIdentity::Kind::kUnknown:
      to.Append('?');
      break;
  }
}

void ReportPagers(Report& report) {
  report.AddHead(kPagerColumns);
  ForEachSource(
      [&](Vmo& vmo, PageSource& source) { return !IsFirstOfItsPager(source) || AddPager(report, vmo, source); });
}

void ReportRequests(Report& report) {
  report.AddHead(kRequestColumns);
  ForEachSource([&](Vmo& vmo, PageSource& source) {
    ForEachCarefully(report, source.requests(),
                     [&](SourceRequest& request) { return AddRequest(report, vmo, request); });
    return !report.full();
  });
}

}  // namespace gk::inspect
