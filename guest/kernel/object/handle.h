// A handle outside any table: a reference to an object together with what its holder may do to it.
//
// Exists while it is on its way into a table, or out of one. Making and destroying one counts as making and destroying
// a handle to the object.
#pragma once

#include <zircon/types.h>

#include <utility>

#include "guest/kernel/object/dispatcher.h"

namespace gk {

// True when `rights` contains all of `wanted`.
[[nodiscard]] constexpr bool HasRights(zx_rights_t rights, zx_rights_t wanted) { return (rights & wanted) == wanted; }

class Handle {
 public:
  Handle() = default;
  // Precondition: `object` is not null.
  Handle(RefPtr<Dispatcher> object, zx_rights_t rights) : object_(std::move(object)), rights_(rights) {
    object_->OnHandleCreated();
  }
  Handle(Handle&& other) noexcept : object_(std::move(other.object_)), rights_(std::exchange(other.rights_, 0)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      Reset();
      object_ = std::move(other.object_);
      rights_ = std::exchange(other.rights_, 0);
    }
    return *this;
  }
  ~Handle() { Reset(); }

  // Closes the handle. May run OnZeroHandles and destroy the object.
  void Reset() {
    if (RefPtr<Dispatcher> object = std::move(object_)) {
      object->OnHandleDestroyed();
    }
    rights_ = 0;
  }

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(object_); }
  [[nodiscard]] const RefPtr<Dispatcher>& object() const { return object_; }
  [[nodiscard]] zx_rights_t rights() const { return rights_; }

 private:
  RefPtr<Dispatcher> object_;
  zx_rights_t rights_ = 0;
};

}  // namespace gk
