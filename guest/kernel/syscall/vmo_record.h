// What zx_info_vmo_t says about an object, for all topics that contain one.
#pragma once

#include <zircon/syscalls/object.h>

#include "guest/kernel/vm/vmo.h"

namespace gk::syscall {

// Everything but how the program came across the object: the flags ZX_INFO_VMO_VIA_* and the rights of the handle.
[[nodiscard]] zx_info_vmo_t DescribeVmo(const Vmo& vmo);

}  // namespace gk::syscall
