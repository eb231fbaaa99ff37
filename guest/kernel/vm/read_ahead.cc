#include "guest/kernel/vm/read_ahead.h"

#include "guest/kernel/lib/min_max.h"

namespace gk {
namespace {

constexpr size_t kGrowth = 4;

}  // namespace

size_t ReadAhead::OnMiss(PageIndex missing, size_t most) {
  size_t slot = 0;
  while (slot + 1 < kStreams && !streams_[slot].Continues(missing)) {
    ++slot;
  }
  const size_t pages = streams_[slot].Continues(missing) ? Min(streams_[slot].pages * kGrowth, most) : 1;
  for (; slot != 0; --slot) {
    streams_[slot] = streams_[slot - 1];
  }
  streams_[0] = {.next = missing + pages, .pages = pages};
  return pages;
}

}  // namespace gk
