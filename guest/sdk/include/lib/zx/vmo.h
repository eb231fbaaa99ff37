// A virtual memory object.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class vmo final : public object<vmo> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_VMO;

  constexpr vmo() = default;
  explicit vmo(zx_handle_t value) : object(value) {}
  explicit vmo(handle&& other) : object(other.release()) {}
  vmo(vmo&& other) = default;
  vmo& operator=(vmo&& other) = default;

  // `result` keeps what it owned when the call fails.
  static zx_status_t create(uint64_t size, uint32_t options, vmo* result) {
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_create(size, options, &value);
    if (status == ZX_OK) {
      result->reset(value);
    }
    return status;
  }

  zx_status_t read(void* data, uint64_t offset, size_t length) const {
    return zx_vmo_read(get(), data, offset, length);
  }
  zx_status_t write(const void* data, uint64_t offset, size_t length) const {
    return zx_vmo_write(get(), data, offset, length);
  }
  zx_status_t get_size(uint64_t* size) const { return zx_vmo_get_size(get(), size); }
  zx_status_t get_prop_content_size(uint64_t* size) const {
    return get_property(ZX_PROP_VMO_CONTENT_SIZE, size, sizeof(*size));
  }
};

using unowned_vmo = unowned<vmo>;

}  // namespace zx
