// The handle-side face of a region of an address space. The handle outlives the region: operations on a region that is
// gone fail with ZX_ERR_BAD_STATE.
#pragma once

#include <utility>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/vm/vmar.h"

namespace gk {

class VmarDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMAR;
  // The root region may be mapped in every way, and so may whoever holds its first handle.
  static constexpr zx_rights_t kRootRights = ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE;

  // Null when there is no memory.
  static RefPtr<VmarDispatcher> Create(RefPtr<Vmar> vmar) { return MakeRefCounted<VmarDispatcher>(std::move(vmar)); }

  [[nodiscard]] Vmar& vmar() const { return *vmar_; }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  explicit VmarDispatcher(RefPtr<Vmar> vmar) : Dispatcher(kType, ZX_SIGNAL_NONE), vmar_(std::move(vmar)) {}

  const RefPtr<Vmar> vmar_;
};

}  // namespace gk
