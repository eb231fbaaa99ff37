// Keeps a task suspended until it is closed.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class suspend_token final : public object<suspend_token> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_SUSPEND_TOKEN;

  constexpr suspend_token() = default;
  explicit suspend_token(zx_handle_t value) : object(value) {}
  explicit suspend_token(handle&& other) : object(other.release()) {}
  suspend_token(suspend_token&& other) = default;
  suspend_token& operator=(suspend_token&& other) = default;
};

using unowned_suspend_token = unowned<suspend_token>;

}  // namespace zx
