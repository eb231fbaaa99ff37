#include <pagoda/object.h>
#include <zircon/syscalls.h>

#include <utility>

namespace pagoda {

zx_status_t OpenObject(std::string_view name, zx::vmo* out, ObjectSizes* sizes) {
  zx::vmo vmo;
  if (const zx_status_t status = zx_pagoda_object_open(name.data(), name.size(), vmo.reset_and_get_address());
      status != ZX_OK) {
    return status;
  }
  if (sizes != nullptr) {
    ObjectSizes found = {};
    if (const zx_status_t status = vmo.get_size(&found.size); status != ZX_OK) {
      return status;
    }
    if (const zx_status_t status = vmo.get_prop_content_size(&found.content_size); status != ZX_OK) {
      return status;
    }
    *sizes = found;
  }
  *out = std::move(vmo);
  return ZX_OK;
}

}  // namespace pagoda
