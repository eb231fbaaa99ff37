// What page-storm writes: every page tells which it is and how often it has been written. Shared with the test on the
// host, which compares the file.
#pragma once

#include <stdint.h>

namespace programs {

inline constexpr uint64_t kWordsPerPage = 512;

// Word `index` of page `page` when it has been written `version` times. A file begins with zeros: version 0.
inline uint64_t StormWord(uint64_t page, uint64_t version, uint64_t index) {
  if (version == 0) {
    return 0;
  }
  const uint64_t mixed = (page + 1) * 0x9e3779b97f4a7c15 + version * 0xc2b2ae3d27d4eb4f + index;
  return mixed ^ mixed >> 29;
}

}  // namespace programs
