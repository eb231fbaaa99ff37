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
  const size_t reach = streams_[slot].Continues(missing) ? Min(streams_[slot].reach * kGrowth, most) : 1;
  const PageIndex end = missing + reach - (missing + reach) % reach;
  for (; slot != 0; --slot) {
    streams_[slot] = streams_[slot - 1];
  }
  streams_[0] = {.next = end, .reach = reach};
  return end - missing;
}

}  // namespace gk
