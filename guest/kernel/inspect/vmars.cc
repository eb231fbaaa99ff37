// What is mapped where, as a tree: regions, the regions in them, and mappings.
#include "guest/kernel/inspect/topics.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/memory_use.h"
#include "guest/kernel/vm/region_scan.h"

namespace gk::inspect {
namespace {

constexpr Column kColumns[] = {{"BASE", 18}, {"END", 18}, {"SIZE", 8},    {"PERM", 4, Align::kLeft},
                               {"PAGES", 7}, {"VMO", 6},  {"OFFSET", 12}, {"NAME", 0, Align::kLeft}};

void AppendAccess(TextWriter& to, Access access) {
  to.Append(access.read ? 'r' : '-');
  to.Append(access.write ? 'w' : '-');
  to.Append(access.execute ? 'x' : '-');
}

// What mappings in a region may have at most.
Access AccessOf(const Vmar& vmar) {
  return {.read = (vmar.abilities() & ZX_VM_CAN_MAP_READ) != 0,
          .write = (vmar.abilities() & ZX_VM_CAN_MAP_WRITE) != 0,
          .execute = (vmar.abilities() & ZX_VM_CAN_MAP_EXECUTE) != 0};
}

ObjectName NameOfRegion(size_t depth) {
  constexpr char kRoot[] = {'<', 'r', 'o', 'o', 't', '>'};
  constexpr char kRegion[] = {'<', 'r', 'e', 'g', 'i', 'o', 'n', '>'};
  return depth == 0 ? ObjectName(kRoot) : ObjectName(kRegion);
}

bool AddRegion(Report& report, const Region& region, size_t depth) {
  if (report.SkipsNext()) {
    return true;
  }
  Row row(kColumns);
  row.Hexadecimal(region.base()).Hexadecimal(region.end()).Size(region.size());
  if (region.kind() == Region::Kind::kVmar) {
    const auto& vmar = static_cast<const Vmar&>(region);
    row.Composed([&](TextWriter& cell) { AppendAccess(cell, AccessOf(vmar)); });
    row.Text("-").Text("-").Text("-").IndentedName(NameOfRegion(depth), depth);
  } else {
    const auto& mapping = static_cast<const Mapping&>(region);
    row.Composed([&](TextWriter& cell) { AppendAccess(cell, mapping.access()); });
    row.Unsigned(CountPresentPages(mapping)).Koid(mapping.vmo().koid()).Hexadecimal(mapping.vmo_offset());
    row.IndentedName(mapping.vmo().name(), depth);
  }
  return report.Add(row);
}

bool AddProcessLine(Report& report, ProcessDispatcher& process) {
  if (report.SkipsNext()) {
    return true;
  }
  Row line;
  line.Composed([&](TextWriter& cell) {
    cell.Append("process ");
    cell.AppendUnsigned(process.koid());
    cell.Append(' ');
    cell.AppendName(process.name()->text());
    cell.Append(", page tables at 0x");
    cell.AppendHexadecimal(process.address_space().page_table_root(), 1);
  });
  return report.Add(line);
}

bool AddProcess(Report& report, ProcessDispatcher& process) {
  const Vmar& root = process.address_space().root();
  if (!root.alive()) {
    return true;
  }
  if (!AddProcessLine(report, process)) {
    return false;
  }
  RegionScan scan(root, kMostRegionSteps);
  for (const Region* region = scan.Next(); region != nullptr; region = scan.Next()) {
    if (!AddRegion(report, *region, scan.depth())) {
      return false;
    }
  }
  return !scan.gave_up() || report.AddNote("(these regions have no end; what follows is left out)");
}

}  // namespace

void ReportVmars(Report& report, uint64_t koid) {
  report.AddHead(kColumns);
  ForEachProcess(report, koid, [&](ProcessDispatcher& process) { return AddProcess(report, process); });
}

}  // namespace gk::inspect
