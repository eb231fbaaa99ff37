#include "tests/benchmarks/report.h"

#include <gtest/gtest.h>

namespace bench {
namespace {

TEST(Report, TableShowsBestMedianAndWorstOfUnsortedSamples) {
  const std::string table = FormatTable({{"boot", "ms", {30, 10, 20}}});
  EXPECT_NE(table.find("boot"), std::string::npos);
  const size_t best = table.find("10.00");
  const size_t median = table.find("20.00");
  const size_t worst = table.find("30.00");
  EXPECT_LT(best, median);
  EXPECT_LT(median, worst);
  EXPECT_NE(worst, std::string::npos);
}

TEST(Report, OneSampleIsAllOfItsFigures) {
  const std::string table = FormatTable({{"memory", "MiB", {7.5}}});
  EXPECT_NE(table.find("7.50      7.50      7.50      7.50 MiB"), std::string::npos) << table;
}

TEST(Report, ARowWithoutSamplesIsNotInTheTable) {
  EXPECT_EQ(FormatTable({{"nothing", "ms", {}}}).find("nothing"), std::string::npos);
}

TEST(Report, JsonKeepsTheOrderOfTheSamples) {
  const std::string json = FormatJson({{"boot", "ms", {3, 1, 2}}});
  EXPECT_LT(json.find("3.0"), json.find("1.0"));
  EXPECT_LT(json.find("1.0"), json.find("2.0"));
}

}  // namespace
}  // namespace bench
