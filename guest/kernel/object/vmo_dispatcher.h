// The handle-side face of a Vmo: what a program holds and waits on.
#pragma once

#include <utility>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/handle.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

class VmoDispatcher final : public Dispatcher, private VmoChildObserver {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMO;

  // The dispatcher that gives `vmo` its identity. Without a name the object keeps the one it has: its parent's. A new
  // VMO has no children, so ZX_VMO_ZERO_CHILDREN is active. Null when there is no memory.
  static RefPtr<VmoDispatcher> Create(RefPtr<Vmo> vmo, ObjectName name = ObjectName()) {
    return MakeRefCounted<VmoDispatcher>(std::move(vmo), name);
  }

  ~VmoDispatcher() override { vmo_->RemoveChildObserver(*this); }

  // Of the pager that made the VMO, and whose calls may name it; invalid: none did. A child is nobody's to supply.
  [[nodiscard]] zx_koid_t pager_koid() const { return pager_koid_; }
  void set_pager_koid(zx_koid_t koid) { pager_koid_ = koid; }

  [[nodiscard]] Vmo& vmo() const { return *vmo_; }
  [[nodiscard]] RefPtr<Vmo> vmo_reference() const { return vmo_; }
  [[nodiscard]] const ObjectName* name() const override { return &vmo_->name(); }
  Status SetName(const ObjectName& name) override {
    vmo_->set_name(name);
    return Status(ZX_OK);
  }

  // What the first handle to a VMO carries.
  [[nodiscard]] static zx_rights_t DefaultRights(const Vmo& vmo) {
    return ZX_DEFAULT_VMO_RIGHTS | (vmo.resizable() ? ZX_RIGHT_RESIZE : 0);
  }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  VmoDispatcher(RefPtr<Vmo> vmo, const ObjectName& name)
      : Dispatcher(kType, ZX_VMO_ZERO_CHILDREN), vmo_(std::move(vmo)) {
    vmo_->set_koid(koid());
    if (!name.text().empty()) {
      vmo_->set_name(name);
    }
    vmo_->SetChildObserver(*this);
  }

  // From within create_child, and from within the end of the last child.
  void OnFirstChild() override { UpdateSignals(ZX_VMO_ZERO_CHILDREN, 0); }
  void OnZeroChildren() override { UpdateSignals(0, ZX_VMO_ZERO_CHILDREN); }

  const RefPtr<Vmo> vmo_;
  zx_koid_t pager_koid_ = ZX_KOID_INVALID;
};

}  // namespace gk
