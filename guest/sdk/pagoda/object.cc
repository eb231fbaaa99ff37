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

zx_status_t SyncObject(const zx::vmo& object) { return zx_pagoda_object_sync(object.get()); }

zx_status_t ListObjects(std::string_view name, std::vector<std::string>* out) {
  constexpr size_t kBufferSize = 4096;
  std::string buffer(kBufferSize, '\0');
  std::vector<std::string> names;
  for (uint64_t available = 1; names.size() < available;) {
    size_t actual = 0;
    if (const zx_status_t status = zx_pagoda_object_list(name.data(), name.size(), names.size(), buffer.data(),
                                                         buffer.size(), &actual, &available);
        status != ZX_OK) {
      return status;
    }
    if (actual == 0) {
      break;
    }
    for (size_t start = 0; start < actual;) {
      const size_t end = buffer.find('\0', start);
      names.push_back(buffer.substr(start, end - start));
      start = end + 1;
    }
  }
  *out = std::move(names);
  return ZX_OK;
}

}  // namespace pagoda
