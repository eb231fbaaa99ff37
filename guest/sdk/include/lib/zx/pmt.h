// Memory that is pinned for a device.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class pmt final : public object<pmt> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PMT;

  constexpr pmt() = default;
  explicit pmt(zx_handle_t value) : object(value) {}
  explicit pmt(handle&& other) : object(other.release()) {}
  pmt(pmt&& other) = default;
  pmt& operator=(pmt&& other) = default;

  // Gives the memory back; this object gives its handle up in any case.
  zx_status_t unpin() { return zx_pmt_unpin(release()); }
};

using unowned_pmt = unowned<pmt>;

}  // namespace zx
