// A handle to an object of whatever kind.
#pragma once

#include <lib/zx/object.h>

namespace zx {

class handle final : public object<handle> {
 public:
  constexpr handle() = default;
  explicit handle(zx_handle_t value) : object(value) {}
  handle(handle&& other) = default;
  template <typename U>
  explicit handle(object<U>&& other) : object(other.release()) {}
  handle& operator=(handle&& other) = default;
};

using unowned_handle = unowned<handle>;

}  // namespace zx
