// How many pages a long write looks up at once: windows, counted from where it starts.
#pragma once

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/page.h"

namespace gk {

constexpr PageIndex kWriteWindowPages = 16;

// How many of the `left` pages from `index` on belong to the window of a write that started at page `start`.
[[nodiscard]] constexpr PageIndex WriteWindow(PageIndex start, PageIndex index, PageIndex left) {
  return Min(left, kWriteWindowPages - (index - start) % kWriteWindowPages);
}

}  // namespace gk
