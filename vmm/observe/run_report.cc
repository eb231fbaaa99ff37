#include "vmm/observe/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "shared/base/range.h"
#include "vmm/crash/cause.h"

namespace vmm {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr size_t kNameWidth = 28;
constexpr size_t kMostRows = 20;  // of the table; the JSON has all

double Seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::string DurationText(std::chrono::nanoseconds time) {
  const auto ns = static_cast<double>(time.count());
  if (ns < 1e3) {
    return fmt::format("{:.0f} ns", ns);
  }
  if (ns < 1e6) {
    return fmt::format("{:.3g} us", ns / 1e3);
  }
  return ns < 1e9 ? fmt::format("{:.3g} ms", ns / 1e6) : fmt::format("{:.3g} s", ns / 1e9);
}

// The end of a path says more than its start.
std::string ShortName(std::string_view name) {
  const std::string text = Printable(name);
  return text.size() <= kNameWidth ? text : "..." + text.substr(text.size() - (kNameWidth - 3));
}

std::string Row(std::string_view name, const ObjectStatistics& object, std::chrono::nanoseconds elapsed) {
  return fmt::format("  {:<{}} {:>9} {:>8} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>7.1f}\n", name, kNameWidth,
                     object.pages_in, object.requests, object.failed, object.supplied, object.written, object.passes,
                     DurationText(object.reads.Quantile(0.5)), DurationText(object.reads.Quantile(0.99)),
                     DurationText(object.reads.total()), MegabytesPerSecond(object.pages_in, elapsed));
}

std::string ObjectRows(const RunReport& report) {
  std::vector<const ObjectStatistics*> rows;
  for (const ObjectStatistics& object : report.objects) {
    rows.push_back(&object);
  }
  std::stable_sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->pages_in > b->pages_in; });
  std::string text =
      fmt::format("  {:<{}} {:>9} {:>8} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>7}\n", "object", kNameWidth,
                  "pages in", "requests", "failed", "unasked", "written", "passes", "p50", "p99", "in pager", "MB/s");
  for (size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
    text += Row(ShortName(rows[i]->name), *rows[i], report.elapsed);
  }
  if (rows.size() > kMostRows) {
    text += fmt::format("  ... and {} more (--stats=json has all)\n", rows.size() - kMostRows);
  }
  return text + (rows.size() == 1 ? "" : Row("all", report.total(), report.elapsed));
}

Json JsonOf(const ObjectStatistics& object, std::chrono::nanoseconds elapsed) {
  return {{"size_bytes", object.size},
          {"opens", object.opens},
          {"requests", object.requests},
          {"failed_requests", object.failed},
          {"pages_in", object.pages_in},
          {"pages_supplied_unasked", object.supplied},
          {"dirty_requests", object.dirty_requests},
          {"pages_dirtied_by_request", object.dirtied},
          {"writeback_passes", object.passes},
          {"pages_written_back", object.written},
          {"read_seconds_total", Seconds(object.reads.total())},
          {"read_seconds_p50", Seconds(object.reads.Quantile(0.5))},
          {"read_seconds_p99", Seconds(object.reads.Quantile(0.99))},
          {"megabytes_per_second", MegabytesPerSecond(object.pages_in, elapsed)}};
}

Json JsonOf(const pagoda::abi::GuestCounters& guest) {
  return {{"program_faults", guest.program_faults},
          {"copy_faults", guest.copy_faults},
          {"pages_evicted", guest.evicted_pages},
          {"syscalls", guest.syscalls},
          {"interrupts", guest.interrupts},
          {"halts", guest.halts},
          {"idle_seconds", static_cast<double>(guest.idle_ns) / 1e9}};
}

Json NamedJson(std::string_view name, const ObjectStatistics& object, std::chrono::nanoseconds elapsed) {
  Json json = {{"name", name}};
  json.update(JsonOf(object, elapsed));
  return json;
}

Json PagersJson(const RunReport& report) {
  std::map<std::string, ObjectStatistics> pagers;
  for (const ObjectStatistics& object : report.objects) {
    pagers[std::string(object.pager())].Add(object);
  }
  Json list = Json::array();
  for (const auto& [name, sum] : pagers) {
    list.push_back(NamedJson(name, sum, report.elapsed));
  }
  return list;
}

Json CpusJson(const RunReport& report) {
  Json list = Json::array();
  for (size_t index = 0; index < report.cpus.size(); ++index) {
    Json exits = Json::object();
    for (size_t kind = 0; kind < kExitKinds; ++kind) {
      exits[std::string(NameOf(static_cast<ExitKind>(kind)))] = report.cpus[index][kind];
    }
    list.push_back({{"index", index}, {"exits", std::move(exits)}});
  }
  return list;
}

Json ReplayJson(const ReplayStatistics& replay) {
  return {{"recorded_requests", replay.recorded_requests},
          {"requests", replay.seen_requests},
          {"pages_prefetched", replay.prefetched_pages},
          {"objects_stopped", replay.stopped_objects},
          {"removed_share", replay.removed_share()}};
}

std::string ExitsText(const ExitCounts& exits) {
  std::string text;
  for (size_t kind = 0; kind < kExitKinds; ++kind) {
    if (exits[kind] != 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", exits[kind], NameOf(static_cast<ExitKind>(kind)));
    }
  }
  return text.empty() ? "none" : text;
}

}  // namespace

double ReplayStatistics::removed_share() const {
  if (recorded_requests == 0) {
    return 0;
  }
  return std::max(0.0, 1 - static_cast<double>(seen_requests) / static_cast<double>(recorded_requests));
}

ObjectStatistics RunReport::total() const {
  ObjectStatistics sum;
  for (const ObjectStatistics& object : objects) {
    sum.Add(object);
  }
  return sum;
}

double MegabytesPerSecond(uint64_t pages, std::chrono::nanoseconds elapsed) {
  const double seconds = Seconds(elapsed);
  return seconds > 0 ? static_cast<double>(pages * base::kPageSize) / 1e6 / seconds : 0;
}

std::string ReportTable(const RunReport& report) {
  std::string text = fmt::format("pagoda: the run took {}\n", DurationText(report.elapsed));
  text += report.objects.empty() ? "  no object of a pager was opened\n" : ObjectRows(report);
  if (const auto& guest = report.guest) {
    const double cpu_time = Seconds(report.elapsed) * static_cast<double>(std::max<size_t>(report.cpus.size(), 1));
    text += fmt::format(
        "  guest: {} page faults, {} pages brought in for system calls, {} pages evicted, {} system calls, {} "
        "interrupts, {} halts, idle {:.0f}%\n",
        guest->program_faults, guest->copy_faults, guest->evicted_pages, guest->syscalls, guest->interrupts,
        guest->halts, cpu_time > 0 ? std::min(100.0, static_cast<double>(guest->idle_ns) / 1e7 / cpu_time) : 0.0);
  }
  for (size_t index = 0; index < report.cpus.size(); ++index) {
    text += fmt::format("  vCPU {}: exits to the monitor: {}\n", index, ExitsText(report.cpus[index]));
  }
  if (const auto& replay = report.replay) {
    text += fmt::format("  replay: {} requests where the recorded run had {} ({:.1f}% removed), {} pages prefetched\n",
                        replay->seen_requests, replay->recorded_requests, 100 * replay->removed_share(),
                        replay->prefetched_pages);
  }
  return text;
}

std::string ReportJson(const RunReport& report) {
  Json objects = Json::array();
  for (const ObjectStatistics& object : report.objects) {
    objects.push_back(NamedJson(object.name, object, report.elapsed));
  }
  const Json json = {{"schema", "pagoda.stats"},
                     {"version", kSchemaVersion},
                     {"elapsed_seconds", Seconds(report.elapsed)},
                     {"total", JsonOf(report.total(), report.elapsed)},
                     {"pagers", PagersJson(report)},
                     {"objects", std::move(objects)},
                     {"guest", report.guest ? JsonOf(*report.guest) : Json()},
                     {"vcpus", CpusJson(report)},
                     {"replay", report.replay ? ReplayJson(*report.replay) : Json()}};
  // Names are the guest's and may be no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vmm
