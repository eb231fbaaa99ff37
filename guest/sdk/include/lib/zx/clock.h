// Clocks: the machine's own, and those that programs steer.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls/clock.h>

namespace zx {

class clock final : public object<clock> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_CLOCK;

  constexpr clock() = default;
  explicit clock(zx_handle_t value) : object(value) {}
  explicit clock(handle&& other) : object(other.release()) {}
  clock(clock&& other) = default;
  clock& operator=(clock&& other) = default;

  static time get_monotonic() { return time(zx_clock_get_monotonic()); }

  static zx_status_t create(uint64_t options, const zx_clock_create_args_v1_t* args, clock* result) {
    const uint64_t version = args != nullptr ? ZX_CLOCK_ARGS_VERSION(1) : 0;
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_clock_create(options | version, args, out); });
  }
  zx_status_t read(zx_time_t* now) const { return zx_clock_read(get(), now); }
  // `options` says which fields count.
  zx_status_t update(uint64_t options, const zx_clock_update_args_v2_t& args) const {
    return zx_clock_update(get(), options | ZX_CLOCK_ARGS_VERSION(2), &args);
  }
  zx_status_t get_details(zx_clock_details_v1_t* details) const {
    return zx_clock_get_details(get(), ZX_CLOCK_ARGS_VERSION(1), details);
  }
};

using unowned_clock = unowned<clock>;

}  // namespace zx
