// `pagoda-bench` as a script meets it. No figure is judged: only that there are some, in the promised form.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/integration/fixture.h"

namespace bench {
namespace {

std::string BenchPath() {
  // build/<preset>/tests/bin/<this test>
  const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path();
  return build / "bin" / "pagoda-bench";
}

void ExpectFigure(const nlohmann::json& figure, int runs) {
  for (const char* text : {"suite", "case", "metric", "unit"}) {
    EXPECT_TRUE(figure.contains(text) && figure[text].is_string()) << text << " in " << figure;
  }
  EXPECT_EQ(figure["runs"], runs) << figure;
  EXPECT_LT(0, figure["lower_quartile"]) << figure;
  EXPECT_LE(figure["lower_quartile"], figure["median"]) << figure;
  EXPECT_LE(figure["median"], figure["upper_quartile"]) << figure;
}

class BenchProgram : public integration::GuestTest {};

TEST_F(BenchProgram, PrintsJsonWithAFigureForEachNumberOfCpus) {
  const integration::Ending ending = integration::Execute({BenchPath(), "boot", "--runs", "2", "--json"});
  ASSERT_EQ(ending.code, 0) << ending.err;
  const auto json = nlohmann::json::parse(ending.out, nullptr, /*allow_exceptions=*/false);
  ASSERT_FALSE(json.is_discarded()) << ending.out;
  EXPECT_TRUE(json["host"]["kvm"].is_string());
  EXPECT_TRUE(json["notes"].is_array());
  size_t with_target = 0;
  for (const auto& figure : json["figures"]) {
    ExpectFigure(figure, 2);
    with_target += static_cast<size_t>(figure.contains("target") && figure["met"].is_boolean());
  }
  EXPECT_EQ(with_target, 6u) << "time to main and memory, each with 1, 2 and 8 vCPUs";
  EXPECT_EQ(ending.err, "");
}

std::vector<nlohmann::json> FiguresOf(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {BenchPath()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--runs", "1", "--json"});
  const integration::Ending ending = integration::Execute(command);
  EXPECT_EQ(ending.code, 0) << ending.err;
  const auto json = nlohmann::json::parse(ending.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << ending.out;
  return json.is_object() ? json["figures"].get<std::vector<nlohmann::json>>() : std::vector<nlohmann::json>();
}

double MedianOf(const std::vector<nlohmann::json>& figures, const std::string& metric) {
  for (const auto& figure : figures) {
    if (figure["metric"] == metric) {
      return figure["median"];
    }
  }
  ADD_FAILURE() << "no " << metric;
  return 0;
}

TEST_F(BenchProgram, EveryStepOfAFaultTakesTime) {
  const auto figures = FiguresOf({"breakdown"});
  size_t steps = 0;
  for (const auto& figure : figures) {
    const std::string metric = figure["metric"];
    // The last step is a difference of two medians.
    if (std::isdigit(static_cast<unsigned char>(metric[0])) != 0 && !metric.starts_with("11 ")) {
      EXPECT_LT(0, figure["median"]) << figure;
      ++steps;
    }
  }
  EXPECT_EQ(steps, 10u);
  EXPECT_LT(0, MedianOf(figures, "sum of the steps"));
  EXPECT_LT(0, MedianOf(figures, "the touch, measured whole"));
  EXPECT_LT(0, MedianOf(figures, "request to answer through the ring"));
}

TEST_F(BenchProgram, EveryCurveOfGrowthIsMeasuredAndPlotted) {
  const std::string folder = testing::TempDir();
  const auto figures = FiguresOf({"growth", "--largest", "10", "--plots", folder});
  size_t curves = 0;
  for (const auto& figure : figures) {
    if (figure["metric"] == "largest size") {
      EXPECT_LE(4, figure["median"]) << figure;
      EXPECT_GE(10, figure["median"]) << figure;
      ++curves;
    }
  }
  EXPECT_EQ(curves, 9u);
  for (const char* name : {"growth-memory.svg", "growth-waiting.svg"}) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    EXPECT_GT(std::filesystem::file_size(path), 1000u) << path;
    std::filesystem::remove(path);
  }
}

TEST_F(BenchProgram, RefusesAMonitorThatIsNotThere) {
  const integration::Ending ending = integration::Execute({BenchPath(), "boot", "--pagoda", "/nonexistent/pagoda"});
  EXPECT_NE(ending.code, 0);
  EXPECT_EQ(ending.err, "pagoda-bench: /nonexistent/pagoda: No such file or directory\n");
  EXPECT_EQ(ending.out, "");
}

}  // namespace
}  // namespace bench
