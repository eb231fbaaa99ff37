// The order of lines that sort makes: that of coreutils' sort in the C locale.
#pragma once

#include <string_view>

namespace programs {

struct LineOrder {
  bool numeric = false;   // by the number that a line begins with, then by bytes
  bool reversed = false;  // the other way round
  bool unique = false;    // lines that are equal in order are one line, the first: bytes do not decide between numbers

  // Below 0: `left` comes first; above: `right`; 0: as they came.
  [[nodiscard]] int Compare(std::string_view left, std::string_view right) const;
};

}  // namespace programs
