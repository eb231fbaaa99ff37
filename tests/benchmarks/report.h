// The figures of a session, and the three forms in which they are shown: a table for people, JSON for programs, a page
// of Markdown to keep.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/benchmarks/harness.h"
#include "tests/benchmarks/host_facts.h"
#include "tests/benchmarks/statistics.h"
#include "tests/benchmarks/suite.h"

namespace bench {

struct Line {
  std::string suite;
  Figure figure;
  Summary summary;
  std::optional<bool> met;      // empty without a target
  std::optional<double> ratio;  // empty without a rival
  [[nodiscard]] std::optional<bool> ratio_met() const {
    return ratio && figure.most_ratio ? std::optional(*ratio <= *figure.most_ratio) : std::nullopt;
  }
};

struct Report {
  HostFacts host;
  std::vector<Line> lines;
  std::vector<std::string> notes;
};

// A figure without samples (its case was left out) gets no line.
[[nodiscard]] Report MakeReport(const HostFacts& host, const std::vector<Suite>& suites, const Samples& samples);

[[nodiscard]] std::string FormatTable(const Report& report);
[[nodiscard]] std::string FormatMarkdown(const Report& report);
// README.md describes the members.
[[nodiscard]] std::string FormatJson(const Report& report);

}  // namespace bench
