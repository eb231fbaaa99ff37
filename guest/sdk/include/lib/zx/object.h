// The owner of a handle, and what every kind of object can do. The interface is that of Zircon's C++ library; it grows
// with the system calls.
#pragma once

#include <lib/zx/time.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <utility>

namespace zx {

namespace internal {

// Lets `call` store a handle, and gives it to `result` if it did. `result` keeps what it owned otherwise, and may own
// the handle that `call` is made on.
template <typename T, typename Call>
zx_status_t Receive(T* result, Call call) {
  zx_handle_t value = ZX_HANDLE_INVALID;
  const zx_status_t status = call(&value);
  if (status == ZX_OK) {
    result->reset(value);
  }
  return status;
}

// The same for a call that stores two.
template <typename T, typename U, typename Call>
zx_status_t ReceiveTwo(T* first, U* second, Call call) {
  zx_handle_t first_value = ZX_HANDLE_INVALID;
  zx_handle_t second_value = ZX_HANDLE_INVALID;
  const zx_status_t status = call(&first_value, &second_value);
  if (status == ZX_OK) {
    first->reset(first_value);
    second->reset(second_value);
  }
  return status;
}

}  // namespace internal

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
  // `destination`: where the packet goes.
  zx_status_t wait_async(const object_base& destination, uint64_t key, zx_signals_t signals, uint32_t options) const {
    return zx_object_wait_async(value_, destination.get(), key, signals, options);
  }
  static zx_status_t wait_many(zx_wait_item_t* items, uint32_t count, zx::time deadline) {
    return zx_object_wait_many(items, count, deadline.get());
  }
  zx_status_t signal(uint32_t clear_mask, uint32_t set_mask) const {
    return zx_object_signal(value_, clear_mask, set_mask);
  }
  zx_status_t get_info(uint32_t topic, void* buffer, size_t buffer_size, size_t* actual_count,
                       size_t* avail_count) const {
    return zx_object_get_info(value_, topic, buffer, buffer_size, actual_count, avail_count);
  }
  template <typename T>
  zx_status_t get_child(uint64_t koid, zx_rights_t rights, T* result) const {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_object_get_child(value_, koid, rights, out); });
  }
  zx_status_t set_property(uint32_t property, const void* value, size_t size) const {
    return zx_object_set_property(value_, property, value, size);
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
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_handle_duplicate(value_, rights, out); });
  }
  // This object gives its handle up in any case.
  zx_status_t replace(zx_rights_t rights, T* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_handle_replace(release(), rights, out); });
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
