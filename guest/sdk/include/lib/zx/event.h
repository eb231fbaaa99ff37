// An event: an object that is nothing but its signals.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class event final : public object<event> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EVENT;

  constexpr event() = default;
  explicit event(zx_handle_t value) : object(value) {}
  explicit event(handle&& other) : object(other.release()) {}
  event(event&& other) = default;
  event& operator=(event&& other) = default;

  static zx_status_t create(uint32_t options, event* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_event_create(options, out); });
  }
};

using unowned_event = unowned<event>;

}  // namespace zx
