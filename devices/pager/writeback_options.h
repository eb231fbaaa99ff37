// What a pager decides about writeback.
#pragma once

#include <chrono>
#include <cstdint>

namespace pager {

struct WritebackOptions {
  // How long what is dirty may stay so before a pass begins; 0: for ever.
  std::chrono::milliseconds interval{0};
  // Bytes that may be dirty: the object must trap dirty pages (ObjectInfo::trap_dirty). A pass begins at half of it,
  // and writers wait above it. 0: no limit.
  uint64_t dirty_limit = 0;
};

}  // namespace pager
