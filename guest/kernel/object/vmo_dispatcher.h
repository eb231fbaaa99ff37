// The handle-side face of a Vmo: what a program holds and waits on.
#pragma once

#include <utility>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/handle.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

class VmoDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMO;

  // A new VMO has no children, so ZX_VMO_ZERO_CHILDREN is active. Null when there is no memory.
  static RefPtr<VmoDispatcher> Create(RefPtr<Vmo> vmo, ObjectName name = ObjectName()) {
    return MakeRefCounted<VmoDispatcher>(std::move(vmo), name);
  }

  [[nodiscard]] Vmo& vmo() const { return *vmo_; }
  [[nodiscard]] RefPtr<Vmo> vmo_reference() const { return vmo_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }

  // What the first handle to a VMO carries.
  [[nodiscard]] static zx_rights_t DefaultRights(const Vmo& vmo) {
    return ZX_DEFAULT_VMO_RIGHTS | (vmo.resizable() ? ZX_RIGHT_RESIZE : 0);
  }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  VmoDispatcher(RefPtr<Vmo> vmo, const ObjectName& name)
      : Dispatcher(kType, ZX_VMO_ZERO_CHILDREN), vmo_(std::move(vmo)), name_(name) {}

  const RefPtr<Vmo> vmo_;
  const ObjectName name_;
};

}  // namespace gk
