// `pagoda-bench` as a script meets it. No figure is judged: only that there are some, in the promised form.
#include <gtest/gtest.h>

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

TEST_F(BenchProgram, RefusesAMonitorThatIsNotThere) {
  const integration::Ending ending = integration::Execute({BenchPath(), "boot", "--pagoda", "/nonexistent/pagoda"});
  EXPECT_NE(ending.code, 0);
  EXPECT_EQ(ending.err, "pagoda-bench: /nonexistent/pagoda: No such file or directory\n");
  EXPECT_EQ(ending.out, "");
}

}  // namespace
}  // namespace bench
