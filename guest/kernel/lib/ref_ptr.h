// Shared ownership of kernel objects: the count lies in the object and the kernel lock protects it.
//
//   class Vmo : public RefCounted<Vmo> { … };
//   RefPtr<Vmo> vmo = MakeRefCounted<Vmo>(arguments…);   // null when there is no memory
//
// An object starts with one reference, which AdoptRef or MakeRefCounted takes over. A raw pointer means "borrowed for
// the duration of the call". Dropping the last reference runs the destructor at once: never drop one whose destructor
// needs data structures that the caller is in the middle of changing.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <new>
#include <type_traits>
#include <utility>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/panic.h"

namespace gk {

template <typename T>
class RefCounted : public HeapObject {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void AddRef() const {
    GK_ASSERT(references_ != 0);
    ++references_;
  }
  // True when that was the last one: the caller destroys the object. Use RefPtr instead of calling this.
  [[nodiscard]] bool DropRef() const {
    GK_ASSERT(references_ != 0);
    return --references_ == 0;
  }
  [[nodiscard]] uint32_t reference_count() const { return references_; }

 protected:
  ~RefCounted() = default;

 private:
  mutable uint32_t references_ = 1;
};

template <typename T>
class RefPtr {
 public:
  constexpr RefPtr() = default;
  constexpr RefPtr(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  // Shares: adds a reference.
  explicit RefPtr(T* object) : object_(object) {
    if (object_ != nullptr) {
      object_->AddRef();
    }
  }
  RefPtr(const RefPtr& other) : RefPtr(other.object_) {}
  RefPtr(RefPtr&& other) noexcept : object_(other.Release()) {}
  // From a pointer to a derived class.
  template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
  RefPtr(const RefPtr<U>& other) : RefPtr(static_cast<T*>(other.get())) {}  // NOLINT(google-explicit-constructor)
  template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
  RefPtr(RefPtr<U>&& other) noexcept : object_(other.Release()) {}  // NOLINT(google-explicit-constructor)
  ~RefPtr() { Drop(object_); }

  RefPtr& operator=(RefPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  [[nodiscard]] T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const RefPtr& other) const = default;
  bool operator==(std::nullptr_t) const { return object_ == nullptr; }

  // Gives up the pointer with the reference that it held.
  [[nodiscard]] T* Release() { return std::exchange(object_, nullptr); }
  void reset() { Drop(Release()); }

 private:
  template <typename U>
  friend RefPtr<U> AdoptRef(U* object);

  static void Drop(T* object) {
    if (object != nullptr && object->DropRef()) {
      delete object;
    }
  }

  T* object_ = nullptr;
};

// Takes over the reference that `object` was born with (or that Release returned).
template <typename T>
[[nodiscard]] RefPtr<T> AdoptRef(T* object) {
  RefPtr<T> result;
  result.object_ = object;
  return result;
}

// A new T, or null when there is no memory. T befriends this function where its constructor is private.
template <typename T, typename... Args>
[[nodiscard]] RefPtr<T> MakeRefCounted(Args&&... args) {
  return AdoptRef(new (std::nothrow) T(std::forward<Args>(args)...));
}

}  // namespace gk
