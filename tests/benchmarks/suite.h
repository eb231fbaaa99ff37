// What a benchmark is: cases that can each be run once, and the figures that come out of them.
//
// A suite declares; harness.h runs, report.h shows. So a case is a function without arguments that measures once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vmm/base/error.h"

namespace bench {

// One run of a case: metric -> value, in the unit that its figure declares.
using Values = std::map<std::string, double>;

struct Case {
  std::string name;
  std::function<vmm::Result<Values>()> run;
};

// Names one metric of one case of the same suite.
struct FigureName {
  std::string of_case;
  std::string metric;
};

struct Figure {
  FigureName name;
  std::string unit;
  std::optional<double> target;                     // the median should not be above this
  std::optional<FigureName> rival;                  // shown as the ratio of the medians, ours by theirs
  std::optional<double> most_ratio = std::nullopt;  // which should not be above this
  bool shows_confidence = false;                    // in the median
};

struct Suite {
  std::string name;
  std::vector<Case> cases;
  std::vector<Figure> figures;
  int most_runs = 1000;            // of each case, however many are asked for
  std::vector<std::string> notes;  // what a reader of the figures has to know, e.g. why a rival is missing
};

}  // namespace bench
