// A pager: what a program makes VMOs with whose pages it will supply itself.
#pragma once

#include "guest/kernel/object/dispatcher.h"

namespace gk {

class PagerDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PAGER;

  // Null when there is no memory.
  static RefPtr<PagerDispatcher> Create() { return MakeRefCounted<PagerDispatcher>(); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PagerDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}
};

}  // namespace gk
