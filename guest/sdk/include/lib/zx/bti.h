// A device's view of memory.
#pragma once

#include <lib/zx/iommu.h>
#include <lib/zx/pmt.h>
#include <lib/zx/vmo.h>

namespace zx {

class bti final : public object<bti> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_BTI;

  constexpr bti() = default;
  explicit bti(zx_handle_t value) : object(value) {}
  explicit bti(handle&& other) : object(other.release()) {}
  bti(bti&& other) = default;
  bti& operator=(bti&& other) = default;

  static zx_status_t create(const iommu& unit, uint32_t options, uint64_t bti_id, bti* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_bti_create(unit.get(), options, bti_id, out); });
  }

  // Pins a range of `memory` and tells its addresses.
  zx_status_t pin(uint32_t options, const vmo& memory, uint64_t offset, uint64_t size, zx_paddr_t* addresses,
                  size_t address_count, pmt* result) const {
    return internal::Receive(result, [&](zx_handle_t* out) {
      return zx_bti_pin(get(), options, memory.get(), offset, size, addresses, address_count, out);
    });
  }
  zx_status_t release_quarantine() const { return zx_bti_release_quarantine(get()); }
};

using unowned_bti = unowned<bti>;

}  // namespace zx
