// How much memory an object takes when what it shares is divided fairly: a page that n objects see costs each 1/n.
#pragma once

#include <stdint.h>

#include "shared/base/range.h"

namespace gk {

struct Attribution {
  // One byte in units of `scaled_fraction`, as in zx_info_vmo_t.
  static constexpr uint64_t kOneByte = uint64_t{1} << 63;

  uint64_t pages = 0;            // seen
  uint64_t private_pages = 0;    // of those, seen by nobody else
  uint64_t scaled_bytes = 0;     // the fair share, whole bytes
  uint64_t scaled_fraction = 0;  // and what is left, less than kOneByte

  // `count` pages that `sharers` objects see.
  void Add(uint64_t count, uint64_t sharers) {
    pages += count;
    private_pages += sharers == 1 ? count : 0;
    const uint64_t bytes = count * base::kPageSize;
    scaled_bytes += bytes / sharers;
    // Exact where `sharers` is a power of two, and otherwise short by less than one unit for each byte.
    scaled_fraction += kOneByte / sharers * (bytes % sharers);
    scaled_bytes += scaled_fraction / kOneByte;
    scaled_fraction %= kOneByte;
  }
};

}  // namespace gk
