// The owner of a handle, and what every kind of object can do. The interface is that of Zircon's C++ library; it grows
// with the system calls.
#pragma once

#include <lib/zx/time.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <utility>

namespace zx {

// Owns one handle, or none. Closing happens in reset and in the destructor.
class object_base {
 public:
  object_base(const object_base&) = delete;
  object_base& operator=(const object_base&) = delete;

  void reset(zx_handle_t value = ZX_HANDLE_INVALID) {
    const zx_handle_t old = std::exchange(value_, value);
    if (old != ZX_HANDLE_INVALID) {
      zx_handle_close(old);
    }
  }
  bool is_valid() const { return value_ != ZX_HANDLE_INVALID; }
  explicit operator bool() const { return is_valid(); }
  zx_handle_t get() const { return value_; }
  const zx_handle_t* get_address() const { return &value_; }
  // For a call that stores a handle: what was owned is closed first.
  zx_handle_t* reset_and_get_address() {
    reset();
    return &value_;
  }
  [[nodiscard]] zx_handle_t release() { return std::exchange(value_, ZX_HANDLE_INVALID); }

  zx_status_t wait_one(zx_signals_t signals, zx::time deadline, zx_signals_t* pending) const {
    return zx_object_wait_one(value_, signals, deadline.get(), pending);
  }
  zx_status_t get_property(uint32_t property, void* value, size_t size) const {
    return zx_object_get_property(value_, property, value, size);
  }

 protected:
  constexpr object_base() : value_(ZX_HANDLE_INVALID) {}
  explicit object_base(zx_handle_t value) : value_(value) {}
  ~object_base() { reset(); }

  zx_handle_t value_;
};

// T is the class that derives from this one.
template <typename T>
class object : public object_base {
 public:
  constexpr object() = default;
  explicit object(zx_handle_t value) : object_base(value) {}
  object(object&& other) noexcept : object_base(other.release()) {}
  template <typename U>
  explicit object(object<U>&& other) : object_base(other.release()) {}
  object& operator=(object&& other) noexcept {
    reset(other.release());
    return *this;
  }

  void swap(object& other) { std::swap(value_, other.value_); }

  zx_status_t duplicate(zx_rights_t rights, T* result) const {
    T duplicated;
    const zx_status_t status = zx_handle_duplicate(value_, rights, duplicated.reset_and_get_address());
    if (status == ZX_OK) {
      *result = std::move(duplicated);
    }
    return status;
  }
};

template <typename T>
bool operator==(const object<T>& left, const object<T>& right) {
  return left.get() == right.get();
}

// A handle that somebody else owns, to be used where a T is expected.
template <typename T>
class unowned final {
 public:
  explicit unowned(zx_handle_t handle) : value_(handle) {}
  explicit unowned(const T& owner) : unowned(owner.get()) {}
  unowned(const unowned& other) : unowned(other->get()) {}
  constexpr unowned() = default;
  ~unowned() { static_cast<void>(value_.release()); }
  unowned& operator=(const unowned& other) {
    if (this != &other) {
      static_cast<void>(value_.release());
      value_ = T(other->get());
    }
    return *this;
  }

  bool is_valid() const { return value_.is_valid(); }
  explicit operator bool() const { return is_valid(); }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

}  // namespace zx
