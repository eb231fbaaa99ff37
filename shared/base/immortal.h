// A global that is never destroyed.
//
// A global with a destructor needs code at start-up that registers the destructor, even when it is initialised at
// compile time. The kernel has no start-up code for globals and never ends, so its globals are Immortal: constinit, no
// destructor.
#pragma once

#include <utility>

namespace base {

template <typename T>
class Immortal {
 public:
  template <typename... Args>
  constexpr explicit Immortal(Args&&... args) : value_(std::forward<Args>(args)...) {}
  constexpr ~Immortal() {}
  Immortal(const Immortal&) = delete;
  Immortal& operator=(const Immortal&) = delete;

  constexpr T& operator*() { return value_; }
  constexpr T* operator->() { return &value_; }

 private:
  union {
    T value_;
  };
};

}  // namespace base
