// Measures how the cost of an operation grows with how much there is: `growth-probe CURVE [LARGEST]`. One `SIZE CYCLES`
// line for each size, ascending, for programs and people; the cycles are the median of several operations at that size.
//
//   vmo-size       one page is committed and given back in a sparse VMO of that many pages
//   vmos           a VMO is made and closed while there are that many others
//   clones         the bottom of that many snapshots of each other is read, where only the top has the page
//   clone-writes   the same page is written, in a fresh snapshot at the bottom
//   mappings       a page is mapped and unmapped in a region with that many mappings
//   mapping-faults a page is touched there
//   requests       a page of a pager in the program is supplied while that many others are waited for
//   threads        a futex wakes one of that many threads, which answers
//   vcpus          a null system call while that many vCPUs do the same
//
// A curve ends early, at the size that it had time for.
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "guest/programs/growth.h"

namespace {

struct Named {
  std::string_view name;
  void (*measure)();
};
constexpr Named kCurves[] = {
    {"vmo-size", growth::VmoSize},         {"vmos", growth::Vmos},         {"clones", growth::Clones},
    {"clone-writes", growth::CloneWrites}, {"mappings", growth::Mappings}, {"mapping-faults", growth::MappingFaults},
    {"requests", growth::Requests},        {"threads", growth::Threads},   {"vcpus", growth::Vcpus},
};

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string_view name = argument_count == 2 || argument_count == 3 ? arguments[1] : "";
  const auto* curve =
      std::find_if(std::begin(kCurves), std::end(kCurves), [&](const Named& c) { return c.name == name; });
  if (curve == std::end(kCurves)) {
    fprintf(stderr, "usage: growth-probe CURVE [LARGEST]\ncurves:");
    for (const Named& each : kCurves) {
      fprintf(stderr, " %s", each.name.data());
    }
    fprintf(stderr, "\n");
    return 2;
  }
  if (argument_count == 3) {
    growth::largest = strtoul(arguments[2], nullptr, 10);
  }
  curve->measure();
  if (growth::failed) {
    fprintf(stderr, "growth-probe: %s: a call failed\n", arguments[1]);
    return 1;
  }
  return 0;
}
