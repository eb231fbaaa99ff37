// Objects that the host serves: files and what else a pager there offers, opened by the name given to `pagoda run`.
#pragma once

#include <lib/zx/vmo.h>
#include <zircon/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace pagoda {

struct ObjectSizes {
  uint64_t size;          // of the VMO: bytes, a multiple of the page size
  uint64_t content_size;  // of the object: bytes
};

// Opens the object `name`. Its pages come from the host when they are first touched. `sizes` may be null.
// Errors: ZX_ERR_NOT_FOUND (nothing of that name), ZX_ERR_INVALID_ARGS (the name is empty or longer than 255 bytes),
// and what the pager on the host reports. `out` is unchanged after a failure.
zx_status_t OpenObject(std::string_view name, zx::vmo* out, ObjectSizes* sizes = nullptr);

// Returns when all that has been written to the object, by anybody, is durable on the host: it survives a crash of this
// machine and a loss of power. After an error (ZX_ERR_NO_SPACE, ZX_ERR_IO, ZX_ERR_TIMED_OUT, what else the pager says)
// what could not be written is still dirty, so a later call tries again. ZX_ERR_ACCESS_DENIED: the object is read-only;
// ZX_ERR_NOT_SUPPORTED: not a VMO from OpenObject, or its pager keeps nothing for good.
zx_status_t SyncObject(const zx::vmo& object);

// The names in the directory `name` of what the host serves, sorted; empty: those of the pagers themselves. A name that
// ends in '/' is a directory's. What changes on the host meanwhile may be missing or there twice.
// Errors: ZX_ERR_NOT_FOUND, ZX_ERR_NOT_SUPPORTED (that pager has no directories), ZX_ERR_INVALID_ARGS (the name is
// longer than 255 bytes), and what the pager on the host reports. `out` is unchanged after a failure.
zx_status_t ListObjects(std::string_view name, std::vector<std::string>* out);

}  // namespace pagoda
