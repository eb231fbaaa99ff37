// Points in time and durations as types that do not mix; arithmetic saturates as in Zircon's C++ library.
#pragma once

#include <zircon/syscalls.h>
#include <zircon/types.h>

#include <compare>
#include <limits>

namespace zx {

namespace internal {

constexpr int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    return b < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }
  return sum;
}
constexpr int64_t SaturatingSubtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) {
    return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }
  return difference;
}
constexpr int64_t SaturatingMultiply(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    return (a < 0) != (b < 0) ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }
  return product;
}

}  // namespace internal

class duration final {
 public:
  constexpr duration() = default;
  explicit constexpr duration(zx_duration_t value) : value_(value) {}
  static constexpr duration infinite() { return duration(ZX_TIME_INFINITE); }
  static constexpr duration infinite_past() { return duration(ZX_TIME_INFINITE_PAST); }

  constexpr zx_duration_t get() const { return value_; }
  constexpr int64_t to_nsecs() const { return value_; }
  constexpr int64_t to_usecs() const { return value_ / ZX_USEC(1); }
  constexpr int64_t to_msecs() const { return value_ / ZX_MSEC(1); }
  constexpr int64_t to_secs() const { return value_ / ZX_SEC(1); }
  constexpr int64_t to_mins() const { return value_ / ZX_MIN(1); }
  constexpr int64_t to_hours() const { return value_ / ZX_HOUR(1); }

  constexpr duration operator+(duration other) const { return duration(internal::SaturatingAdd(value_, other.value_)); }
  constexpr duration operator-(duration other) const {
    return duration(internal::SaturatingSubtract(value_, other.value_));
  }
  constexpr duration operator*(int64_t factor) const { return duration(internal::SaturatingMultiply(value_, factor)); }
  constexpr duration operator/(int64_t divisor) const { return duration(value_ / divisor); }
  constexpr int64_t operator/(duration other) const { return value_ / other.value_; }
  constexpr duration operator%(duration other) const { return duration(value_ % other.value_); }
  constexpr duration operator-() const { return duration(internal::SaturatingSubtract(0, value_)); }
  constexpr duration& operator+=(duration other) { return *this = *this + other; }
  constexpr duration& operator-=(duration other) { return *this = *this - other; }
  constexpr duration& operator*=(int64_t factor) { return *this = *this * factor; }
  constexpr auto operator<=>(const duration&) const = default;

 private:
  zx_duration_t value_ = 0;
};

class time final {
 public:
  constexpr time() = default;
  explicit constexpr time(zx_time_t value) : value_(value) {}
  static constexpr time infinite() { return time(ZX_TIME_INFINITE); }
  static constexpr time infinite_past() { return time(ZX_TIME_INFINITE_PAST); }

  constexpr zx_time_t get() const { return value_; }
  zx_time_t* get_address() { return &value_; }

  constexpr duration operator-(time other) const {
    return duration(internal::SaturatingSubtract(value_, other.value_));
  }
  constexpr time operator+(duration delta) const { return time(internal::SaturatingAdd(value_, delta.get())); }
  constexpr time operator-(duration delta) const { return time(internal::SaturatingSubtract(value_, delta.get())); }
  constexpr time& operator+=(duration delta) { return *this = *this + delta; }
  constexpr time& operator-=(duration delta) { return *this = *this - delta; }
  constexpr auto operator<=>(const time&) const = default;

 private:
  zx_time_t value_ = 0;
};

class ticks final {
 public:
  constexpr ticks() = default;
  explicit constexpr ticks(zx_ticks_t value) : value_(value) {}
  static ticks now() { return ticks(zx_ticks_get()); }
  static ticks per_second() { return ticks(zx_ticks_per_second()); }

  constexpr zx_ticks_t get() const { return value_; }
  constexpr ticks operator+(ticks other) const { return ticks(value_ + other.value_); }
  constexpr ticks operator-(ticks other) const { return ticks(value_ - other.value_); }
  constexpr auto operator<=>(const ticks&) const = default;

 private:
  zx_ticks_t value_ = 0;
};

constexpr duration nsec(int64_t n) { return duration(ZX_NSEC(n)); }
constexpr duration usec(int64_t n) { return duration(internal::SaturatingMultiply(n, ZX_USEC(1))); }
constexpr duration msec(int64_t n) { return duration(internal::SaturatingMultiply(n, ZX_MSEC(1))); }
constexpr duration sec(int64_t n) { return duration(internal::SaturatingMultiply(n, ZX_SEC(1))); }
constexpr duration min(int64_t n) { return duration(internal::SaturatingMultiply(n, ZX_MIN(1))); }
constexpr duration hour(int64_t n) { return duration(internal::SaturatingMultiply(n, ZX_HOUR(1))); }

inline time deadline_after(duration delta) { return time(zx_deadline_after(delta.get())); }
inline zx_status_t nanosleep(time deadline) { return zx_nanosleep(deadline.get()); }

}  // namespace zx
