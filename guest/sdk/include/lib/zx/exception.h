// An exception whose thread waits until this is closed.
#pragma once

#include <lib/zx/process.h>
#include <lib/zx/thread.h>

namespace zx {

class exception final : public object<exception> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EXCEPTION;

  constexpr exception() = default;
  explicit exception(zx_handle_t value) : object(value) {}
  explicit exception(handle&& other) : object(other.release()) {}
  exception(exception&& other) = default;
  exception& operator=(exception&& other) = default;

  zx_status_t get_thread(thread* result) const {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_exception_get_thread(get(), out); });
  }
  zx_status_t get_process(process* result) const {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_exception_get_process(get(), out); });
  }
};

using unowned_exception = unowned<exception>;

}  // namespace zx
