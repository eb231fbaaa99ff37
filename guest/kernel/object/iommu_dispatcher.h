// An IOMMU that translates nothing: devices see physical addresses. The only kind that this machine has.
#pragma once

#include "guest/kernel/object/dispatcher.h"

namespace gk {

class IommuDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_IOMMU;

  // Null when there is no memory.
  static RefPtr<IommuDispatcher> Create() { return MakeRefCounted<IommuDispatcher>(); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  IommuDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}
};

}  // namespace gk
