// Objects for tests of handles and signals, which need no object that does anything.
#pragma once

#include "guest/kernel/object/dispatcher.h"

namespace gk::test {

// Counts what happens to it.
struct Events {
  int zero_handles = 0;
  int destroyed = 0;
};

template <zx_obj_type_t type_number>
class FakeObject final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = type_number;
  explicit FakeObject(Events* events = nullptr, zx_signals_t signals = 0)
      : Dispatcher(kType, signals), events_(events) {}
  ~FakeObject() override {
    if (events_ != nullptr) {
      ++events_->destroyed;
    }
  }

 private:
  void OnZeroHandles() override {
    if (events_ != nullptr) {
      ++events_->zero_handles;
    }
  }
  Events* events_;
};

using FakeEvent = FakeObject<ZX_OBJ_TYPE_EVENT>;
using FakePort = FakeObject<ZX_OBJ_TYPE_PORT>;

}  // namespace gk::test
