// Programs and what else has code: the executable mappings of a process, and what of the same file is mapped around
// them.
//
// The kernel keeps no list of modules. Its loader names the VMOs of a program's segments after the file, and a program
// that loads code itself can do the same; so what shows one name belongs together.
#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/region_scan.h"

namespace gk::inspect {
namespace {

constexpr Column kColumns[] = {{"PROCESS", 7}, {"ROOT", 12}, {"BIAS", 6},
                               {"BASE", 18},   {"END", 18},  {"NAME", 0, Align::kLeft}};

// Nobody's load addresses differ from those in the file: programs are linked where they run, and the kernel's loader
// takes no others.
constexpr uint64_t kBias = 0;

struct Module {
  VirtualAddress base;
  VirtualAddress end;
  ObjectName name;
};

bool IsSameName(const ObjectName& a, const ObjectName& b) { return a.bytes() == b.bytes(); }

ObjectName NameOf(const ProcessDispatcher& process, const Mapping& mapping) {
  constexpr char kVdso[] = {'[', 'v', 'd', 's', 'o', ']'};
  return &mapping.vmo() == process.vdso().get() ? ObjectName(kVdso) : mapping.vmo().name();
}

// Calls `visit` for each mapping until it returns false.
template <typename Visit>
void ForEachMapping(ProcessDispatcher& process, Visit visit) {
  const Vmar& root = process.address_space().root();
  if (!root.alive()) {
    return;
  }
  RegionScan scan(root, kMostRegionSteps);
  for (const Region* region = scan.Next(); region != nullptr; region = scan.Next()) {
    if (region->kind() == Region::Kind::kMapping && !visit(static_cast<const Mapping&>(*region))) {
      return;
    }
  }
}

// The module that the executable mapping `code` belongs to; `is_first`: no executable mapping of it lies below.
Module ModuleOf(ProcessDispatcher& process, const Mapping& code, bool* is_first) {
  Module module{.base = code.base(), .end = code.end(), .name = NameOf(process, code)};
  *is_first = true;
  if (module.name.text().empty()) {
    return module;
  }
  ForEachMapping(process, [&](const Mapping& mapping) {
    if (IsSameName(NameOf(process, mapping), module.name)) {
      module.base = Min(module.base, mapping.base());
      module.end = Max(module.end, mapping.end());
      *is_first = *is_first && (!mapping.access().execute || mapping.base() >= code.base());
    }
    return true;
  });
  return module;
}

// Calls `visit(process, module)` for each until it returns false.
template <typename Visit>
void ForEachModule(Report& report, uint64_t koid, Visit visit) {
  ForEachProcess(report, koid, [&](ProcessDispatcher& process) {
    bool go_on = true;
    ForEachMapping(process, [&](const Mapping& mapping) {
      bool is_first = false;
      if (mapping.access().execute) {
        const Module module = ModuleOf(process, mapping, &is_first);
        go_on = !is_first || visit(process, module);
      }
      return go_on;
    });
    return go_on;
  });
}

}  // namespace

void ReportModules(Report& report, uint64_t koid) {
  report.AddHead(kColumns);
  ForEachModule(report, koid, [&](ProcessDispatcher& process, const Module& module) {
    if (report.SkipsNext()) {
      return true;
    }
    Row row(kColumns);
    row.Koid(process.koid()).Hexadecimal(process.address_space().page_table_root()).Hexadecimal(kBias);
    row.Hexadecimal(module.base).Hexadecimal(module.end);
    row.Composed([&](TextWriter& cell) {
      cell.AppendName(process.name()->text());
      cell.Append(": ");
      cell.AppendName(module.name.text());
    });
    return report.Add(row);
  });
}

void ReportModuleRecords(Report& report, uint64_t koid) {
  ForEachModule(report, koid, [&](ProcessDispatcher& process, const Module& module) {
    if (report.SkipsNext()) {
      return true;
    }
    Row row;
    row.Hexadecimal(process.koid()).Hexadecimal(process.address_space().page_table_root()).Hexadecimal(kBias);
    row.Hexadecimal(module.base).Hexadecimal(module.end).Name(*process.name()).Name(module.name);
    return report.Add(row);
  });
}

}  // namespace gk::inspect
