// A timer: a signal that comes at a time.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class timer final : public object<timer> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_TIMER;

  constexpr timer() = default;
  explicit timer(zx_handle_t value) : object(value) {}
  explicit timer(handle&& other) : object(other.release()) {}
  timer(timer&& other) = default;
  timer& operator=(timer&& other) = default;

  static zx_status_t create(uint32_t options, zx_clock_t clock_id, timer* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_timer_create(options, clock_id, out); });
  }

  zx_status_t set(zx::time deadline, zx::duration slack) const {
    return zx_timer_set(get(), deadline.get(), slack.get());
  }
  zx_status_t cancel() const { return zx_timer_cancel(get()); }
};

using unowned_timer = unowned<timer>;

}  // namespace zx
