// One of two events that signal each other.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class eventpair final : public object<eventpair> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EVENTPAIR;

  constexpr eventpair() = default;
  explicit eventpair(zx_handle_t value) : object(value) {}
  explicit eventpair(handle&& other) : object(other.release()) {}
  eventpair(eventpair&& other) = default;
  eventpair& operator=(eventpair&& other) = default;

  static zx_status_t create(uint32_t options, eventpair* endpoint0, eventpair* endpoint1) {
    return internal::ReceiveTwo(endpoint0, endpoint1, [&](zx_handle_t* out0, zx_handle_t* out1) {
      return zx_eventpair_create(options, out0, out1);
    });
  }
  zx_status_t signal_peer(uint32_t clear_mask, uint32_t set_mask) const {
    return zx_object_signal_peer(get(), clear_mask, set_mask);
  }
};

using unowned_eventpair = unowned<eventpair>;

}  // namespace zx
