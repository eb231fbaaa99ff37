// A clock that user code steers: a line over the monotonic clock, in nanoseconds.
//
// It stands still at its backstop until the first update (or the start, with ZX_CLOCK_OPT_AUTO_START); from then on it
// runs, at most 1000 parts per million faster or slower. Each update begins a new line where the old one has come to,
// or jumps, as far as the clock's options permit.
#pragma once

#include <zircon/syscalls/clock.h>
#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"

namespace gk {

// What an update changes; the flags are ZX_CLOCK_UPDATE_OPTION_*.
struct ClockUpdate {
  uint64_t flags;
  int32_t rate_adjust;
  int64_t synthetic_value;
  int64_t reference_value;
  uint64_t error_bound;
};

class ClockDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_CLOCK;

  // ZX_ERR_INVALID_ARGS: unknown options, a continuous clock that is not monotonic, a negative backstop, or one that a
  // clock that starts at once has not reached; ZX_ERR_NO_MEMORY.
  static Result<RefPtr<ClockDispatcher>> Create(uint64_t options, zx_time_t backstop);

  [[nodiscard]] zx_time_t Read() const;
  [[nodiscard]] zx_clock_details_v1_t Details() const;

  // ZX_ERR_INVALID_ARGS: the values or their combination are not permitted for this clock; ZX_ERR_BAD_STATE: the first
  // update says no value. Nothing changed on failure.
  Result<> Update(const ClockUpdate& update);

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ClockDispatcher(uint64_t options, zx_time_t backstop);

  [[nodiscard]] bool started() const { return (signals() & ZX_CLOCK_STARTED) != 0; }
  [[nodiscard]] int64_t At(zx_time_t reference) const;
  [[nodiscard]] Result<> Check(const ClockUpdate& update, zx_time_t now) const;
  [[nodiscard]] Result<> CheckValue(const ClockUpdate& update, zx_time_t now) const;

  const uint64_t options_;
  const zx_time_t backstop_;
  // synthetic = synthetic_offset + (reference - reference_offset) * rate
  zx_clock_transformation_t line_{};
  int32_t rate_adjust_ = 0;  // parts per million
  uint64_t error_bound_ = ZX_CLOCK_UNKNOWN_ERROR;
  zx_time_t value_updated_ = 0;
  zx_time_t rate_updated_ = 0;
  zx_time_t error_bound_updated_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace gk
