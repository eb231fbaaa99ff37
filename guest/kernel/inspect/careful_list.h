// Going through a list of which nothing is certain: it may have been stopped in the middle of a change, or be broken.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/inspect/report.h"

namespace gk::inspect {

inline constexpr size_t kMostElements = size_t{1} << 20;

// Calls `visit` for each element until it returns false. Ends in a number of steps that is a small multiple of the
// number of different elements, also when the list runs in a circle that its head is not on (Brent, "An improved Monte
// Carlo factorization algorithm", 1980, section 2); elements on such a circle may be visited a few times. False: the
// list has no end.
template <typename List, typename Visit>
bool ForEachCarefully(List& list, Visit visit) {
  const void* landmark = nullptr;
  size_t landmark_after = 1;
  size_t steps = 0;
  for (auto i = list.begin(); i != list.end(); ++i) {
    auto* element = i.operator->();
    if (element == nullptr || element == landmark || steps == kMostElements) {
      return false;
    }
    if (++steps == landmark_after) {
      landmark = element;
      landmark_after *= 2;
    }
    if (!visit(*element)) {
      return true;
    }
  }
  return true;
}

// The same, with a line in `report` about a list that has no end.
template <typename List, typename Visit>
void ForEachCarefully(Report& report, List& list, Visit visit) {
  if (!ForEachCarefully(list, visit) && !report.full()) {
    report.AddNote("(this list has no end; what follows is left out)");
  }
}

}  // namespace gk::inspect
