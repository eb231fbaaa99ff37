// The owner of a file descriptor, under the monitor's own name: there is only one such class in the tree.
#pragma once

#include "devices/core/unique_fd.h"

namespace vmm {

using dev::UniqueFd;

}  // namespace vmm
