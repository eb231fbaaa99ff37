// A pager: what serves the pages of VMOs from user code. There are no calls on it yet.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class pager final : public object<pager> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PAGER;

  constexpr pager() = default;
  explicit pager(zx_handle_t value) : object(value) {}
  explicit pager(handle&& other) : object(other.release()) {}
  pager(pager&& other) = default;
  pager& operator=(pager&& other) = default;
};

using unowned_pager = unowned<pager>;

}  // namespace zx
