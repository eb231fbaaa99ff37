// A file for one run of the program: it has no name, so nothing can stay behind, and is in the host's page cache.
#pragma once

#include <cstddef>
#include <string>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"

namespace bench {

// `size`: bytes, a page multiple. No two of its words are equal. Fails where there is no room.
vmm::Result<vmm::UniqueFd> MakeHostFile(size_t size);

// A path by which other processes reach it while this one has it open.
[[nodiscard]] std::string PathOfHostFile(const vmm::UniqueFd& fd);

}  // namespace bench
