// What stands between devices and memory.
#pragma once

#include <lib/zx/resource.h>
#include <zircon/syscalls/iommu.h>

namespace zx {

class iommu final : public object<iommu> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_IOMMU;

  constexpr iommu() = default;
  explicit iommu(zx_handle_t value) : object(value) {}
  explicit iommu(handle&& other) : object(other.release()) {}
  iommu(iommu&& other) = default;
  iommu& operator=(iommu&& other) = default;

  static zx_status_t create(const resource& root, uint32_t type, const void* desc, size_t desc_size, iommu* result) {
    return internal::Receive(result,
                             [&](zx_handle_t* out) { return zx_iommu_create(root.get(), type, desc, desc_size, out); });
  }
};

using unowned_iommu = unowned<iommu>;

}  // namespace zx
