// What a pager decides about writeback.
#pragma once

#include <chrono>
#include <cstdint>

namespace pager {

enum class Durability {
  kWritten,  // a later read sees it
  kDurable,  // it survives a loss of power too
};

struct WritebackOptions {
  // How long what is dirty may stay so before a pass begins; 0: for ever.
  std::chrono::milliseconds interval{0};
  // Bytes that may be dirty: the object must trap dirty pages (ObjectInfo::trap_dirty). A pass begins at half of it,
  // and writers wait above it. 0: no limit.
  uint64_t dirty_limit = 0;
  // What a page must be before it becomes clean in a pass for which nobody waits: one of the clock or the limit.
  Durability clock_durability = Durability::kWritten;
};

}  // namespace pager
