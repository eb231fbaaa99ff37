#include "tests/benchmarks/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace bench {
namespace {

// Pixels.
constexpr double kWidth = 860;
constexpr double kHeight = 460;
constexpr double kLeft = 80;
constexpr double kRight = 640;  // the names of the curves stand right of it
constexpr double kTop = 50;
constexpr double kBottom = 400;
constexpr double kLineHeight = 20;

// Distinguishable for most people with a colour deficiency too (Okabe and Ito).
constexpr std::array<const char*, kMaxSeries> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                          "#e69f00", "#56b4e9", "#000000", "#8c8c00"};

std::string Escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// An axis of whole decades, at least one, on [from, to] pixels.
class Axis {
 public:
  Axis(double least, double most, double from, double to)
      : low_(static_cast<int>(std::floor(std::log10(least)))),
        high_(std::max(static_cast<int>(std::ceil(std::log10(most))), low_ + 1)),
        from_(from),
        to_(to) {}
  [[nodiscard]] double Place(double value) const {
    return from_ + (std::log10(value) - low_) / (high_ - low_) * (to_ - from_);
  }
  [[nodiscard]] int low() const { return low_; }
  [[nodiscard]] int high() const { return high_; }

 private:
  int low_;
  int high_;
  double from_;
  double to_;
};

std::string Text(double x, double y, const char* more, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, more, Escaped(text));
}

std::string Line(double x1, double y1, double x2, double y2, const char* colour) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1, x2, y2,
                     colour);
}

std::string Decade(int exponent) {
  return exponent >= 0 && exponent <= 3 ? fmt::format("{:.0f}", std::pow(10, exponent)) : fmt::format("1e{}", exponent);
}

std::string Grid(const Axis& x, const Axis& y) {
  constexpr const char* kGrey = "#dddddd";
  std::string svg;
  for (int decade = x.low(); decade <= x.high(); ++decade) {
    const double place = x.Place(std::pow(10, decade));
    svg += Line(place, kTop, place, kBottom, kGrey) +
           Text(place, kBottom + kLineHeight, " text-anchor=\"middle\"", Decade(decade));
  }
  for (int decade = y.low(); decade <= y.high(); ++decade) {
    const double place = y.Place(std::pow(10, decade));
    svg +=
        Line(kLeft, place, kRight, place, kGrey) + Text(kLeft - 8, place + 4, " text-anchor=\"end\"", Decade(decade));
  }
  return svg;
}

std::string Curve(const PlotSeries& series, const Axis& x, const Axis& y, const char* colour, double name_at) {
  std::string points;
  std::string dots;
  for (const GrowthPoint& point : series.points) {
    const double px = x.Place(point.size);
    const double py = y.Place(point.cost);
    points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", px, py);
    dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", px, py, colour);
  }
  return fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", points, colour) +
         dots +
         fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n", kRight + 20, name_at - 6,
                     colour) +
         Text(kRight + 42, name_at, "", series.name);
}

}  // namespace

std::string FormatSvg(const Plot& plot) {
  std::vector<const PlotSeries*> shown;
  GrowthCurve all;
  for (const PlotSeries& series : plot.series) {
    if (!series.points.empty()) {
      shown.push_back(&series);
      all.insert(all.end(), series.points.begin(), series.points.end());
    }
  }
  if (all.empty()) {
    all.push_back({.size = 1, .cost = 1});
  }
  const auto [least_x, most_x] =
      std::minmax_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size < b.size; });
  const auto [least_y, most_y] =
      std::minmax_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
  const Axis x(least_x->size, most_x->size, kLeft, kRight);
  const Axis y(least_y->cost, most_y->cost, kBottom, kTop);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      kWidth, kHeight);
  svg += Text(kLeft, kTop - 20, " font-size=\"16\"", plot.title) + Grid(x, y);
  svg += Text((kLeft + kRight) / 2, kBottom + 2.2 * kLineHeight, " text-anchor=\"middle\"", plot.x_label);
  svg += Text(20, (kTop + kBottom) / 2,
              fmt::format(" text-anchor=\"middle\" transform=\"rotate(-90 20 {})\"", (kTop + kBottom) / 2).c_str(),
              plot.y_label);
  for (size_t i = 0; i < shown.size() && i < kMaxSeries; ++i) {
    svg += Curve(*shown[i], x, y, kColours[i], kTop + kLineHeight * static_cast<double>(i + 1));
  }
  return svg + "</svg>\n";
}

}  // namespace bench
