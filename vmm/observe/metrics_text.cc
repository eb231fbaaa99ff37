#include "vmm/observe/metrics_text.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

#include "shared/base/range.h"
#include "vmm/observe/json_text.h"

namespace vmm {
namespace {

// As a label's value: UTF-8, with what would end it or its line escaped.
std::string LabelValue(std::string_view text) {
  std::string escaped;
  for (const char c : ValidUtf8(text)) {
    switch (c) {
      case '\\':
        escaped += "\\\\";
        break;
      case '"':
        escaped += "\\\"";
        break;
      case '\n':
        escaped += "\\n";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

double Seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

class Writer {
 public:
  void Metric(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP pagoda_{0} {2}\n# TYPE pagoda_{0} {1}\n", name, type, help);
  }
  // `labels`: "{...}" or nothing.
  template <typename T>
  void Sample(std::string_view name, const std::string& labels, T value) {
    fmt::format_to(std::back_inserter(text_), "pagoda_{}{} {}\n", name, labels, value);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

struct ObjectMetric {
  std::string_view name;
  std::string_view help;
  uint64_t ObjectStatistics::*value;
};

constexpr ObjectMetric kObjectMetrics[] = {
    {"read_requests_total", "Reads that the guest asked a pager for.", &ObjectStatistics::requests},
    {"read_requests_failed_total", "Reads that a pager answered with an error.", &ObjectStatistics::failed},
    {"pages_in_total", "Pages of 4096 bytes brought into the guest.", &ObjectStatistics::pages_in},
    {"pages_supplied_unasked_total", "Pages supplied before the guest asked.", &ObjectStatistics::supplied},
    {"dirty_requests_total", "Requests to make clean pages writable.", &ObjectStatistics::dirty_requests},
    {"pages_dirtied_total", "Pages of granted dirty requests.", &ObjectStatistics::dirtied},
    {"writeback_passes_total", "Write-back passes that found something.", &ObjectStatistics::passes},
    {"pages_written_back_total", "Pages written back.", &ObjectStatistics::written},
};

void AddObjects(Writer& writer, const RunReport& report) {
  std::vector<std::string> labels;
  for (const ObjectStatistics& object : report.objects) {
    labels.push_back(
        fmt::format("{{pager=\"{}\",object=\"{}\"}}", LabelValue(object.pager()), LabelValue(object.name)));
  }
  for (const ObjectMetric& metric : kObjectMetrics) {
    writer.Metric(metric.name, "counter", metric.help);
    for (size_t i = 0; i < labels.size(); ++i) {
      writer.Sample(metric.name, labels[i], report.objects[i].*metric.value);
    }
  }
}

// From about a microsecond to about eight seconds, by powers of four.
void AddLatencies(Writer& writer, const RunReport& report) {
  constexpr unsigned kFirstPower = 10;
  constexpr unsigned kLastPower = 34;
  constexpr std::string_view kName = "read_duration_seconds";
  std::map<std::string, LatencyHistogram> pagers;
  for (const ObjectStatistics& object : report.objects) {
    pagers[LabelValue(object.pager())].Add(object.reads);
  }
  writer.Metric(kName, "histogram", "Time from a read's arrival at the monitor to its answer.");
  for (const auto& [pager, reads] : pagers) {
    const auto bucket = [&, &name = pager](const std::string& bound, uint64_t count) {
      writer.Sample("read_duration_seconds_bucket", fmt::format("{{pager=\"{}\",le=\"{}\"}}", name, bound), count);
    };
    for (unsigned power = kFirstPower; power <= kLastPower; power += 2) {
      bucket(fmt::format("{}", static_cast<double>(uint64_t{1} << power) / 1e9), reads.CountBelowPower(power));
    }
    bucket("+Inf", reads.count());
    const std::string labels = fmt::format("{{pager=\"{}\"}}", pager);
    writer.Sample("read_duration_seconds_sum", labels, Seconds(reads.total()));
    writer.Sample("read_duration_seconds_count", labels, reads.count());
  }
}

void AddGuest(Writer& writer, const pagoda::abi::GuestCounters& guest) {
  const auto counter = [&writer](std::string_view name, std::string_view help, auto value) {
    writer.Metric(name, "counter", help);
    writer.Sample(name, "", value);
  };
  counter("guest_program_faults_total", "Page faults of programs.", guest.program_faults);
  counter("guest_copy_faults_total", "Pages brought in for system calls.", guest.copy_faults);
  counter("guest_pages_evicted_total", "Pages given up because memory was short.", guest.evicted_pages);
  counter("guest_syscalls_total", "System calls.", guest.syscalls);
  counter("guest_interrupts_total", "Interrupts that the guest's kernel handled.", guest.interrupts);
  counter("guest_halts_total", "Times that a CPU went idle.", guest.halts);
  counter("guest_idle_seconds_total", "Time that CPUs were idle, in sum.", static_cast<double>(guest.idle_ns) / 1e9);
}

void AddExits(Writer& writer, const RunReport& report) {
  writer.Metric("vcpu_exits_total", "counter", "Exits of a vCPU to the monitor.");
  for (size_t cpu = 0; cpu < report.cpus.size(); ++cpu) {
    for (size_t kind = 0; kind < kExitKinds; ++kind) {
      writer.Sample("vcpu_exits_total",
                    fmt::format("{{vcpu=\"{}\",kind=\"{}\"}}", cpu, NameOf(static_cast<ExitKind>(kind))),
                    report.cpus[cpu][kind]);
    }
  }
}

}  // namespace

std::string MetricsText(const RunReport& report) {
  Writer writer;
  writer.Metric("run_seconds", "gauge", "Time since the machine started.");
  writer.Sample("run_seconds", "", Seconds(report.elapsed));
  AddObjects(writer, report);
  AddLatencies(writer, report);
  if (report.guest) {
    AddGuest(writer, *report.guest);
  }
  AddExits(writer, report);
  return writer.Take();
}

}  // namespace vmm
