// Where the records of an information topic go: the caller's buffer, and the two counts that the call reports with it.
//
// `available` counts all records that there are, `actual` those that were stored. A topic that consists of one record
// fails with ZX_ERR_BUFFER_TOO_SMALL when it does not fit, with both counts reported; a list just stores what fits.
#pragma once

#include <stddef.h>

#include <span>
#include <type_traits>

#include "guest/kernel/syscall/caller.h"
#include "guest/kernel/syscall/user_pointer.h"

namespace gk::syscall {

class InfoSink {
 public:
  InfoSink(Caller& caller, UserOutBytes buffer, size_t buffer_size)
      : caller_(caller), buffer_(buffer), space_left_(buffer_size) {}

  // One more record of a list: counted, and stored if there is room. Copies to user memory, so it may block: walk over
  // something that cannot change meanwhile. ZX_ERR_INVALID_ARGS: the buffer is bad.
  template <typename T>
  Result<> Add(const T& record) {
    CheckNoPadding<T>();
    return AddBytes(&record, sizeof(T));
  }
  template <typename T>
  Result<> AddAll(std::span<const T> records) {
    for (const T& record : records) {
      PAGODA_TRY(Add(record));
    }
    return {};
  }

  // The one record of its topic. ZX_ERR_BUFFER_TOO_SMALL; ZX_ERR_INVALID_ARGS: the buffer is bad.
  template <typename T>
  Result<> SetOnly(const T& record) {
    return SetOnlyPrefix(record, sizeof(T));
  }
  // The same for an older form of a record that has grown since: its first `size` bytes.
  template <typename T>
  Result<> SetOnlyPrefix(const T& record, size_t size) {
    CheckNoPadding<T>();
    PAGODA_TRY(AddBytes(&record, size));
    return actual_ == 1 ? Result<>() : Error(ZX_ERR_BUFFER_TOO_SMALL);
  }

  // True when a further record would only be counted: a long walk may then just Count the rest.
  [[nodiscard]] bool HasRoomFor(size_t record_size) const { return space_left_ >= record_size; }
  void Count(size_t records) { available_ += records; }

  [[nodiscard]] size_t actual() const { return actual_; }
  [[nodiscard]] size_t available() const { return available_; }

 private:
  template <typename T>
  static constexpr void CheckNoPadding() {
    static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>,
                  "padding would show the program bytes of the kernel");
  }
  Result<> AddBytes(const void* record, size_t size) {
    ++available_;
    if (actual_ + 1 != available_ || space_left_ < size) {
      return {};
    }
    PAGODA_TRY(CopyToUser(caller_.address_space(), buffer_.address + actual_ * size, record, size));
    space_left_ -= size;
    ++actual_;
    return {};
  }

  Caller& caller_;
  const UserOutBytes buffer_;
  size_t space_left_;
  size_t actual_ = 0;
  size_t available_ = 0;
};

}  // namespace gk::syscall
