// Objects that the host serves: files and what else a pager there offers, opened by the name given to `pagoda run`.
#pragma once

#include <lib/zx/vmo.h>
#include <zircon/types.h>

#include <string_view>

namespace pagoda {

struct ObjectSizes {
  uint64_t size;          // of the VMO: bytes, a multiple of the page size
  uint64_t content_size;  // of the object: bytes
};

// Opens the object `name`. Its pages come from the host when they are first touched. `sizes` may be null.
// Errors: ZX_ERR_NOT_FOUND (nothing of that name), ZX_ERR_INVALID_ARGS (the name is empty or longer than 255 bytes),
// and what the pager on the host reports. `out` is unchanged after a failure.
zx_status_t OpenObject(std::string_view name, zx::vmo* out, ObjectSizes* sizes = nullptr);

}  // namespace pagoda
