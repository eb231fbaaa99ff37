#include "tests/benchmarks/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

HostFacts QuietHost() {
  return {.cpu_model = "A CPU",
          .cpu_count = 2,
          .tsc_frequency = 2.7e9,
          .kernel = "6.1.0",
          .kvm = "hardware",
          .date = "2026-11-20",
          .load = 0.25};
}

// Ours takes three times as long as theirs, and less than its target.
std::vector<Suite> Suites() {
  return {{.name = "boot",
           .cases = {},
           .figures = {{{"ours", "time"}, "ms", 60, FigureName{"theirs", "time"}},
                       {{"theirs", "time"}, "ms", std::nullopt, std::nullopt}},
           .notes = {"a note"}}};
}

Samples MeasuredSamples() { return {{"boot", {{"ours", {{"time", {30, 90, 20}}}}, {"theirs", {{"time", {10}}}}}}}; }

Report SampleReport() { return MakeReport(QuietHost(), Suites(), MeasuredSamples()); }

TEST(Report, ComparesMediansWithTargetAndRival) {
  const Report report = SampleReport();
  ASSERT_EQ(report.lines.size(), 2u);
  EXPECT_EQ(report.lines[0].summary.median, 30);
  EXPECT_EQ(report.lines[0].met, true);
  EXPECT_EQ(report.lines[0].ratio, 3);
  EXPECT_EQ(report.lines[1].met, std::nullopt);
  EXPECT_EQ(report.lines[1].ratio, std::nullopt);
}

TEST(Report, AMedianAboveItsTargetIsNotMet) {
  const Samples slow = {{"boot", {{"ours", {{"time", {61, 61, 1}}}}}}};
  const Report report = MakeReport(QuietHost(), Suites(), slow);
  EXPECT_EQ(report.lines[0].met, false);
  EXPECT_NE(FormatTable(report).find("60.0 NOT MET"), std::string::npos) << FormatTable(report);
}

TEST(Report, ARatioIsHeldAgainstItsOwnTarget) {
  std::vector<Suite> suites = Suites();
  suites[0].figures[0].most_ratio = 2.5;
  const Report above = MakeReport(QuietHost(), suites, MeasuredSamples());
  EXPECT_EQ(above.lines[0].ratio_met(), false);
  EXPECT_EQ(above.lines[1].ratio_met(), std::nullopt);
  EXPECT_NE(FormatTable(above).find("3.00 x theirs, at most 2.50: NOT MET"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(FormatJson(above))["figures"][0]["rival"]["met"], false);
  suites[0].figures[0].most_ratio = 3;
  const Report at_most = MakeReport(QuietHost(), suites, MeasuredSamples());
  EXPECT_EQ(at_most.lines[0].ratio_met(), true);
}

TEST(Report, AFigureWithoutSamplesHasNoLineAndItsRivalNoRatio) {
  const Samples ours_only = {{"boot", {{"ours", {{"time", {30}}}}}}};
  const Report report = MakeReport(QuietHost(), Suites(), ours_only);
  ASSERT_EQ(report.lines.size(), 1u);
  EXPECT_EQ(report.lines[0].ratio, std::nullopt);
}

TEST(Report, TheTableShowsFiguresHostAndNotes) {
  const std::string table = FormatTable(SampleReport());
  for (const char* text : {"A CPU", "Linux 6.1.0", "hardware", "60.0 met", "3.00 x theirs", "Note: a note"}) {
    EXPECT_NE(table.find(text), std::string::npos) << text << " is not in\n" << table;
  }
  EXPECT_EQ(table.find("NOT"), std::string::npos) << table;
}

TEST(Report, AMedianThatMustBeExactShowsHowExactItIs) {
  std::vector<Suite> suites = Suites();
  suites[0].figures[0].shows_confidence = true;
  const Report report = MakeReport(QuietHost(), suites, MeasuredSamples());
  EXPECT_NE(FormatTable(report).find("30.0 [20.0, 90.0]"), std::string::npos) << FormatTable(report);
  const auto json = nlohmann::json::parse(FormatJson(report));
  EXPECT_EQ(json["figures"][0]["median_at_most"], 90);
  EXPECT_FALSE(json["figures"][1].contains("median_at_most"));
}

TEST(Report, ABusyMachineIsNamed) {
  HostFacts host = QuietHost();
  host.load = 2;
  EXPECT_NE(FormatTable(MakeReport(host, Suites(), MeasuredSamples())).find("NOT A QUIET MACHINE"), std::string::npos);
}

TEST(Report, MarkdownHasATableForEachSuite) {
  const std::string page = FormatMarkdown(SampleReport());
  EXPECT_NE(page.find("## boot\n\n| case | metric |"), std::string::npos) << page;
  EXPECT_NE(page.find("| ours | time | ms | 3 | 25.0 | 30.0 | 60.0 | 60.0 met | 3.00 x theirs |"), std::string::npos)
      << page;
  EXPECT_NE(page.find("- a note\n"), std::string::npos) << page;
}

TEST(Report, JsonHasTargetAndRivalOnlyWhereThereAreSome) {
  const auto json = nlohmann::json::parse(FormatJson(SampleReport()));
  EXPECT_EQ(json["host"]["kvm"], "hardware");
  const auto& ours = json["figures"][0];
  EXPECT_EQ(ours["runs"], 3);
  EXPECT_EQ(ours["lower_quartile"], 25);
  EXPECT_EQ(ours["upper_quartile"], 60);
  EXPECT_EQ(ours["target"], 60);
  EXPECT_EQ(ours["met"], true);
  EXPECT_EQ(ours["rival"]["case"], "theirs");
  EXPECT_EQ(ours["rival"]["ratio"], 3);
  EXPECT_FALSE(json["figures"][1].contains("target"));
  EXPECT_FALSE(json["figures"][1].contains("rival"));
}

}  // namespace
}  // namespace bench
