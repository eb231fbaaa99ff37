// A resource: what a program may have of the machine itself.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <zircon/syscalls/resource.h>

namespace zx {

class resource final : public object<resource> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_RESOURCE;

  constexpr resource() = default;
  explicit resource(zx_handle_t value) : object(value) {}
  explicit resource(handle&& other) : object(other.release()) {}
  resource(resource&& other) = default;
  resource& operator=(resource&& other) = default;

  static zx_status_t create(const resource& parent, uint32_t options, uint64_t base, size_t length, const char* name,
                            size_t name_length, resource* result) {
    return internal::Receive(result, [&](zx_handle_t* out) {
      return zx_resource_create(parent.get(), options, base, length, name, name_length, out);
    });
  }
};

using unowned_resource = unowned<resource>;

}  // namespace zx
