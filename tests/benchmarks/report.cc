#include "tests/benchmarks/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace bench {
namespace {

const std::vector<double>* Find(const Samples& samples, const std::string& suite, const FigureName& name) {
  const auto cases = samples.find(suite);
  if (cases == samples.end()) {
    return nullptr;
  }
  const auto metrics = cases->second.find(name.of_case);
  if (metrics == cases->second.end()) {
    return nullptr;
  }
  const auto values = metrics->second.find(name.metric);
  return values == metrics->second.end() || values->second.empty() ? nullptr : &values->second;
}

std::optional<Line> MakeLine(const Suite& suite, const Figure& figure, const Samples& samples) {
  const std::vector<double>* values = Find(samples, suite.name, figure.name);
  if (values == nullptr) {
    return std::nullopt;
  }
  Line line = {.suite = suite.name, .figure = figure, .summary = Summarize(*values), .met = {}, .ratio = {}};
  if (figure.target) {
    line.met = line.summary.median <= *figure.target;
  }
  const std::vector<double>* rival = figure.rival ? Find(samples, suite.name, *figure.rival) : nullptr;
  if (rival != nullptr) {
    line.ratio = line.summary.median / Summarize(*rival).median;
  }
  return line;
}

// About three significant digits, and all of them of a large number.
std::string Number(double value) {
  if (value >= 100) {
    return fmt::format("{:.0f}", value);
  }
  return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

constexpr size_t kColumns = 9;
using Row = std::array<std::string, kColumns>;

std::string MedianOf(const Line& line) {
  const Summary& summary = line.summary;
  return line.figure.shows_confidence
             ? fmt::format("{:.1f} [{:.1f}, {:.1f}]", summary.median, summary.median_at_least, summary.median_at_most)
             : Number(summary.median);
}

const Row kHeading = {"case", "metric", "unit", "runs", "quarter <=", "median", "quarter >=", "target", "by rival"};
// Text stands left, numbers right.
constexpr size_t kTextColumns = 3;

Row RowOf(const Line& line) {
  const Figure& figure = line.figure;
  Row row = {figure.name.of_case,
             figure.name.metric,
             figure.unit,
             std::to_string(line.summary.runs),
             Number(line.summary.lower_quartile),
             MedianOf(line),
             Number(line.summary.upper_quartile),
             "",
             ""};
  if (line.met) {
    row[7] = fmt::format("{} {}", Number(*figure.target), *line.met ? "met" : "NOT MET");
  }
  if (line.ratio) {
    row[8] = fmt::format("{} x {}", Number(*line.ratio), figure.rival->of_case);
  }
  if (const std::optional<bool> met = line.ratio_met()) {
    row[8] += fmt::format(", at most {}: {}", Number(*figure.most_ratio), *met ? "met" : "NOT MET");
  }
  return row;
}

using Widths = std::array<size_t, kColumns>;

Widths WidthsOf(const std::vector<Row>& rows) {
  Widths widths = {};
  for (const Row& row : rows) {
    for (size_t column = 0; column < kColumns; ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  return widths;
}

std::string FormatRow(const Row& row, const Widths& widths) {
  std::string text;
  for (size_t column = 0; column < kColumns; ++column) {
    const bool left = column < kTextColumns || column == kColumns - 1;
    text += left ? fmt::format("{:<{}}  ", row[column], widths[column])
                 : fmt::format("{:>{}}  ", row[column], widths[column]);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

// Calls `begin(suite)` where a suite begins, and `show(row)` for each of its lines.
template <typename Begin, typename Show>
void ForEachSuite(const Report& report, Begin begin, Show show) {
  const std::string* suite = nullptr;
  for (const Line& line : report.lines) {
    if (suite == nullptr || *suite != line.suite) {
      begin(line.suite);
    }
    suite = &line.suite;
    show(RowOf(line));
  }
}

std::vector<std::string> DescribeHost(const HostFacts& host) {
  return {fmt::format("Processor: {}, {} in use, time stamp counter at {:.2f} GHz", host.cpu_model, host.cpu_count,
                      host.tsc_frequency / 1e9),
          fmt::format("Kernel: Linux {}", host.kernel), fmt::format("KVM: {}", host.kvm),
          fmt::format("Date: {}", host.date),
          fmt::format("Load before the start: {:.1f} processes in the mean of a minute{}", host.load,
                      host.load > kQuietLoad ? " (NOT A QUIET MACHINE: expect figures that are too high)" : "")};
}

nlohmann::ordered_json JsonOf(const HostFacts& host) {
  return {{"cpu_model", host.cpu_model},
          {"cpu_count", host.cpu_count},
          {"tsc_frequency", host.tsc_frequency},
          {"kernel", host.kernel},
          {"kvm", host.kvm},
          {"date", host.date},
          {"load", host.load}};
}

nlohmann::ordered_json JsonOf(const Line& line) {
  nlohmann::ordered_json json = {{"suite", line.suite},
                                 {"case", line.figure.name.of_case},
                                 {"metric", line.figure.name.metric},
                                 {"unit", line.figure.unit},
                                 {"runs", line.summary.runs},
                                 {"lower_quartile", line.summary.lower_quartile},
                                 {"median", line.summary.median},
                                 {"upper_quartile", line.summary.upper_quartile}};
  if (line.figure.shows_confidence) {
    json["median_at_least"] = line.summary.median_at_least;
    json["median_at_most"] = line.summary.median_at_most;
  }
  if (line.met) {
    json["target"] = *line.figure.target;
    json["met"] = *line.met;
  }
  if (line.ratio) {
    json["rival"] = {
        {"case", line.figure.rival->of_case}, {"metric", line.figure.rival->metric}, {"ratio", *line.ratio}};
  }
  if (const std::optional<bool> met = line.ratio_met()) {
    json["rival"]["most"] = *line.figure.most_ratio;
    json["rival"]["met"] = *met;
  }
  return json;
}

}  // namespace

Report MakeReport(const HostFacts& host, const std::vector<Suite>& suites, const Samples& samples) {
  Report report = {.host = host, .lines = {}, .notes = {}};
  for (const Suite& suite : suites) {
    for (const Figure& figure : suite.figures) {
      if (std::optional<Line> line = MakeLine(suite, figure, samples)) {
        report.lines.push_back(std::move(*line));
      }
    }
    report.notes.insert(report.notes.end(), suite.notes.begin(), suite.notes.end());
  }
  return report;
}

std::string FormatTable(const Report& report) {
  std::vector<Row> rows = {kHeading};
  ForEachSuite(
      report, [](const std::string&) {}, [&](const Row& row) { rows.push_back(row); });
  const Widths widths = WidthsOf(rows);
  std::string text;
  for (const std::string& fact : DescribeHost(report.host)) {
    text += fact + "\n";
  }
  text += "\n" + FormatRow(kHeading, widths);
  ForEachSuite(
      report, [&](const std::string& suite) { text += fmt::format("-- {}\n", suite); },
      [&](const Row& row) { text += FormatRow(row, widths); });
  for (const std::string& note : report.notes) {
    text += fmt::format("\nNote: {}\n", note);
  }
  return text;
}

std::string FormatMarkdown(const Report& report) {
  std::string text = "# Results of `pagoda-bench`\n\n";
  for (const std::string& fact : DescribeHost(report.host)) {
    text += fmt::format("- {}\n", fact);
  }
  ForEachSuite(
      report,
      [&](const std::string& suite) {
        text += fmt::format("\n## {}\n\n| {} |\n|---|---|---|--:|--:|--:|--:|--:|---|\n", suite,
                            fmt::join(kHeading, " | "));
      },
      [&](const Row& row) { text += fmt::format("| {} |\n", fmt::join(row, " | ")); });
  if (!report.notes.empty()) {
    text += "\n## Notes\n\n";
  }
  for (const std::string& note : report.notes) {
    text += fmt::format("- {}\n", note);
  }
  return text;
}

std::string FormatJson(const Report& report) {
  nlohmann::ordered_json json = {
      {"host", JsonOf(report.host)}, {"figures", nlohmann::ordered_json::array()}, {"notes", report.notes}};
  for (const Line& line : report.lines) {
    json["figures"].push_back(JsonOf(line));
  }
  return json.dump(2) + "\n";
}

}  // namespace bench
