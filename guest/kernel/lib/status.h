// The kernel's error type: a zx_status_t that cannot be mixed up with other integers, and Result on top of it.
#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include "shared/base/result.h"

namespace gk {

class [[nodiscard]] Status {
 public:
  constexpr explicit Status(zx_status_t value) : value_(value) {}

  [[nodiscard]] constexpr zx_status_t value() const { return value_; }
  [[nodiscard]] constexpr bool ok() const { return value_ == ZX_OK; }
  constexpr bool operator==(const Status&) const = default;

 private:
  zx_status_t value_;
};

// The error of a failed Result is never ZX_OK.
template <typename T = void>
using Result = base::Result<T, Status>;

// `return Error(ZX_ERR_NO_MEMORY);` out of any function that returns a Result.
[[nodiscard]] constexpr base::Failure<Status> Error(zx_status_t value) { return {Status(value)}; }
[[nodiscard]] constexpr base::Failure<Status> Error(Status status) { return {status}; }

// The way back, where a status is all that is wanted.
template <typename T>
[[nodiscard]] Status StatusOf(const Result<T>& result) {
  return result.ok() ? Status(ZX_OK) : result.error();
}

}  // namespace gk
