#include "tests/benchmarks/growth.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/benchmarks/svg_plot.h"

namespace bench {
namespace {

GrowthCurve CurveOf(double (*cost)(double)) {
  GrowthCurve curve;
  for (double size = 1; size <= 1e5; size *= 10) {
    curve.push_back({size, cost(size)});
  }
  return curve;
}

size_t CountOf(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST(Growth, TheExponentIsThatOfAPower) {
  EXPECT_NEAR(Exponent(CurveOf([](double) { return 7.0; })), 0, 1e-9);
  EXPECT_NEAR(Exponent(CurveOf([](double size) { return 5 * std::sqrt(size); })), 0.5, 1e-9);
  EXPECT_NEAR(Exponent(CurveOf([](double size) { return 2 * size * size; })), 2, 1e-9);
}

TEST(Growth, AConstantPartHidesGrowthFromTheWholeButNotFromTheEnd) {
  const GrowthCurve curve = CurveOf([](double size) { return 10'000 + size; });
  EXPECT_LT(Exponent(curve), 0.3);
  EXPECT_GT(LastExponent(curve), 0.7);
  EXPECT_LT(LastExponent(CurveOf([](double size) { return 10 + std::log(size); })), 0.1);
}

TEST(Growth, ACurveIsLinesOfSizeAndCost) {
  const auto curve = ParseGrowthCurve("1 20\n10 30\n");
  ASSERT_TRUE(curve.ok());
  ASSERT_EQ(curve.value().size(), 2u);
  EXPECT_EQ(curve.value()[1].cost, 30);
  for (const char* bad : {"", "1 20\n", "1 20\n1 30\n", "1 20\nx 30\n", "1 20\n2 30 4\n", "0 1\n2 3\n", "1 0\n2 3\n"}) {
    EXPECT_FALSE(ParseGrowthCurve(bad).ok()) << bad;
  }
}

TEST(SvgPlot, HasALineForEachCurveADotForEachPointAndALabelForEachDecade) {
  const std::string svg = FormatSvg({.title = "t",
                                     .x_label = "x",
                                     .y_label = "y",
                                     .series = {{"flat", {{1, 100}, {1000, 100}}}, {"steep", {{1, 100}, {10, 1000}}}}});
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(CountOf(svg, "<polyline "), 2u);
  EXPECT_EQ(CountOf(svg, "<circle "), 4u);
  EXPECT_EQ(CountOf(svg, ">1000</text>"), 2u) << "on both axes";
  EXPECT_NE(svg.find("points=\"80.0,400.0 640.0,400.0\""), std::string::npos) << svg;
}

TEST(SvgPlot, NamesWithMarkupStayText) {
  const std::string svg =
      FormatSvg({.title = "a < b & c", .x_label = "", .y_label = "", .series = {{"<g>", {{1, 1}}}}});
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_NE(svg.find("&lt;g&gt;"), std::string::npos);
}

TEST(SvgPlot, NoPointsGiveEmptyAxes) {
  const std::string svg = FormatSvg({.title = "t", .x_label = "x", .y_label = "y", .series = {{"none", {}}}});
  EXPECT_EQ(CountOf(svg, "<polyline "), 0u);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace bench
