// A value or the reason why there is none.
//
// Both sides of the machine compile this file, so it needs nothing but the freestanding part of the standard library:
// no exceptions, no allocation. `std::expected` would do, but no compiler of Debian 12 offers it in C++20 mode.
//
// Use: return `Result<T, E>`; give up early with PAGODA_TRY; a caller that ignores one is a compile error.
#pragma once

#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace base {

// Wraps an error so that it cannot be mistaken for a value of the same type.
template <typename E>
struct Failure {
  E error;
};

template <typename E>
Failure(E) -> Failure<E>;

template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  using ValueType = T;
  using ErrorType = E;

  Result(T value) : ok_(true) { new (&value_) T(std::move(value)); }  // NOLINT(google-explicit-constructor)
  template <typename F>
  Result(Failure<F> failure) : ok_(false) {  // NOLINT(google-explicit-constructor)
    new (&error_) E(std::move(failure.error));
  }
  Result(Result&& other) noexcept : ok_(other.ok_) { TakeFrom(other); }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      Destroy();
      ok_ = other.ok_;
      TakeFrom(other);
    }
    return *this;
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() { Destroy(); }

  [[nodiscard]] bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  // Precondition of value() and operators: ok(). Of error(): !ok().
  [[nodiscard]] T& value() & { return value_; }
  [[nodiscard]] const T& value() const& { return value_; }
  [[nodiscard]] T&& value() && { return std::move(value_); }
  [[nodiscard]] E& error() & { return error_; }
  [[nodiscard]] const E& error() const& { return error_; }
  [[nodiscard]] E&& error() && { return std::move(error_); }
  T& operator*() & { return value_; }
  const T& operator*() const& { return value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

 private:
  void TakeFrom(Result& other) {
    if (ok_) {
      new (&value_) T(std::move(other.value_));
    } else {
      new (&error_) E(std::move(other.error_));
    }
  }
  void Destroy() {
    if (ok_) {
      value_.~T();
    } else {
      error_.~E();
    }
  }

  bool ok_;
  union {
    T value_;
    E error_;
  };
};

template <typename E>
class [[nodiscard]] Result<void, E> {
 public:
  using ValueType = void;
  using ErrorType = E;

  Result() = default;
  template <typename F>
  Result(Failure<F> failure) : error_(std::move(failure.error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] E& error() & { return *error_; }
  [[nodiscard]] const E& error() const& { return *error_; }
  [[nodiscard]] E&& error() && { return std::move(*error_); }

 private:
  std::optional<E> error_;
};

}  // namespace base

#define PAGODA_RESULT_CONCAT_INNER(a, b) a##b
#define PAGODA_RESULT_CONCAT(a, b) PAGODA_RESULT_CONCAT_INNER(a, b)

// Evaluates `expression` (a Result without a value, or whose value is not wanted); returns its error to our caller.
#define PAGODA_TRY(expression)                                      \
  do {                                                              \
    auto pagoda_try_result = (expression);                          \
    if (!pagoda_try_result.ok()) {                                  \
      return ::base::Failure{std::move(pagoda_try_result).error()}; \
    }                                                               \
  } while (false)

// Declares `declaration` with the value of `expression`, or returns its error: PAGODA_TRY_ASSIGN(auto file,
// Open(path));
#define PAGODA_TRY_ASSIGN(declaration, expression)                                          \
  auto PAGODA_RESULT_CONCAT(pagoda_try_, __LINE__) = (expression);                          \
  if (!PAGODA_RESULT_CONCAT(pagoda_try_, __LINE__).ok()) {                                  \
    return ::base::Failure{std::move(PAGODA_RESULT_CONCAT(pagoda_try_, __LINE__)).error()}; \
  }                                                                                         \
  declaration = std::move(PAGODA_RESULT_CONCAT(pagoda_try_, __LINE__)).value()
