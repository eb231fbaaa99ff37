// The part of every user address space that user code cannot see: the nucleus.
#pragma once

#include <stdint.h>

namespace gk::arch {

// The page-table root entry to pass to PageTable::CreateSharing. Valid once the kernel has booted.
[[nodiscard]] uint64_t UserRootEntry();

}  // namespace gk::arch
