// A virtual memory object.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class bti;
class resource;

class vmo final : public object<vmo> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_VMO;

  constexpr vmo() = default;
  explicit vmo(zx_handle_t value) : object(value) {}
  explicit vmo(handle&& other) : object(other.release()) {}
  vmo(vmo&& other) = default;
  vmo& operator=(vmo&& other) = default;

  // `result` keeps what it owned when the call fails, here and below.
  static zx_status_t create(uint64_t size, uint32_t options, vmo* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_vmo_create(size, options, out); });
  }
  static zx_status_t create_contiguous(const object<bti>& device, size_t size, uint32_t alignment_log2, vmo* result) {
    return internal::Receive(
        result, [&](zx_handle_t* out) { return zx_vmo_create_contiguous(device.get(), size, alignment_log2, out); });
  }
  static zx_status_t create_physical(const object<resource>& memory, zx_paddr_t address, size_t size, vmo* result) {
    return internal::Receive(
        result, [&](zx_handle_t* out) { return zx_vmo_create_physical(memory.get(), address, size, out); });
  }

  zx_status_t read(void* data, uint64_t offset, size_t length) const {
    return zx_vmo_read(get(), data, offset, length);
  }
  zx_status_t write(const void* data, uint64_t offset, size_t length) const {
    return zx_vmo_write(get(), data, offset, length);
  }
  zx_status_t get_size(uint64_t* size) const { return zx_vmo_get_size(get(), size); }
  zx_status_t set_size(uint64_t size) const { return zx_vmo_set_size(get(), size); }
  zx_status_t get_stream_size(uint64_t* size) const { return zx_vmo_get_stream_size(get(), size); }
  zx_status_t set_stream_size(uint64_t size) const { return zx_vmo_set_stream_size(get(), size); }
  zx_status_t get_prop_content_size(uint64_t* size) const {
    return get_property(ZX_PROP_VMO_CONTENT_SIZE, size, sizeof(*size));
  }
  zx_status_t set_prop_content_size(uint64_t size) const {
    return set_property(ZX_PROP_VMO_CONTENT_SIZE, &size, sizeof(size));
  }
  zx_status_t create_child(uint32_t options, uint64_t offset, uint64_t size, vmo* result) const {
    return internal::Receive(result,
                             [&](zx_handle_t* out) { return zx_vmo_create_child(get(), options, offset, size, out); });
  }
  zx_status_t op_range(uint32_t op, uint64_t offset, uint64_t size, void* buffer, size_t buffer_size) const {
    return zx_vmo_op_range(get(), op, offset, size, buffer, buffer_size);
  }
  zx_status_t set_cache_policy(uint32_t cache_policy) const { return zx_vmo_set_cache_policy(get(), cache_policy); }
  // This object gives its handle up in any case.
  zx_status_t replace_as_executable(const object<resource>& vmex, vmo* result) {
    return internal::Receive(
        result, [&](zx_handle_t* out) { return zx_vmo_replace_as_executable(release(), vmex.get(), out); });
  }
};

using unowned_vmo = unowned<vmo>;

}  // namespace zx
