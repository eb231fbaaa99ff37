#include "guest/kernel/object/clock_dispatcher.h"

#include "guest/kernel/sched/clock.h"

namespace gk {
namespace {

constexpr uint32_t kMillion = 1'000'000;
constexpr zx_clock_rate_t kStandsStill{.synthetic_ticks = 0, .reference_ticks = 1};

constexpr bool Has(uint64_t flags, uint64_t wanted) { return (flags & wanted) == wanted; }

int64_t Saturate(__int128 value) {
  return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : static_cast<int64_t>(value);
}

zx_clock_rate_t RateFor(int32_t adjust) {
  return {.synthetic_ticks = static_cast<uint32_t>(static_cast<int32_t>(kMillion) + adjust),
          .reference_ticks = kMillion};
}

// The TSC at a time of the monotonic clock.
zx_ticks_t TicksAt(zx_time_t time) {
  const abi::VdsoData clock = ClockParameters();
  const __int128 since = static_cast<__int128>(time) - clock.base_ns;
  const __int128 ticks = static_cast<__int128>(clock.base_tsc) + since * clock.ticks_per_second / 1'000'000'000;
  return static_cast<zx_ticks_t>(Saturate(ticks));
}

// The same line, over ticks instead of nanoseconds.
zx_clock_transformation_t OverTicks(const zx_clock_transformation_t& line) {
  uint64_t synthetic = uint64_t{line.rate.synthetic_ticks} * 1000;
  uint64_t reference = ClockParameters().ticks_per_second;
  if (line.rate.reference_ticks != kMillion) {
    return line;  // stands still
  }
  for (; reference > UINT32_MAX; reference /= 2) {
    synthetic /= 2;
  }
  return {.reference_offset = static_cast<int64_t>(TicksAt(line.reference_offset)),
          .synthetic_offset = line.synthetic_offset,
          .rate = {static_cast<uint32_t>(synthetic), static_cast<uint32_t>(reference)}};
}

}  // namespace

Result<RefPtr<ClockDispatcher>> ClockDispatcher::Create(uint64_t options, zx_time_t backstop) {
  const bool odd = Has(options, ZX_CLOCK_OPT_CONTINUOUS) && !Has(options, ZX_CLOCK_OPT_MONOTONIC);
  const bool late = Has(options, ZX_CLOCK_OPT_AUTO_START) && backstop > CurrentTime();
  if ((options & ~ZX_CLOCK_OPTS_ALL) != 0 || odd || backstop < 0 || late) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  RefPtr<ClockDispatcher> clock = MakeRefCounted<ClockDispatcher>(options, backstop);
  if (!clock) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return clock;
}

ClockDispatcher::ClockDispatcher(uint64_t options, zx_time_t backstop)
    : Dispatcher(kType, Has(options, ZX_CLOCK_OPT_AUTO_START) ? ZX_CLOCK_STARTED : ZX_SIGNAL_NONE),
      options_(options),
      backstop_(backstop) {
  if (started()) {
    line_.rate = RateFor(0);
  } else {
    line_ = {.reference_offset = 0, .synthetic_offset = backstop, .rate = kStandsStill};
  }
}

int64_t ClockDispatcher::At(zx_time_t reference) const {
  const __int128 passed = static_cast<__int128>(reference) - line_.reference_offset;
  return Saturate(line_.synthetic_offset + passed * line_.rate.synthetic_ticks / line_.rate.reference_ticks);
}

zx_time_t ClockDispatcher::Read() const { return At(CurrentTime()); }

Result<> ClockDispatcher::CheckValue(const ClockUpdate& update, zx_time_t now) const {
  const int64_t value = update.synthetic_value;
  const bool with_reference = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID);
  if (value < backstop_ || (started() && Has(options_, ZX_CLOCK_OPT_CONTINUOUS))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!started() || !Has(options_, ZX_CLOCK_OPT_MONOTONIC)) {
    return {};
  }
  // A monotonic clock may be set forward, to a value that it has not reached when it is set.
  const bool forward = !with_reference && value >= At(now);
  return forward ? Result<>() : Error(ZX_ERR_INVALID_ARGS);
}

Result<> ClockDispatcher::Check(const ClockUpdate& update, zx_time_t now) const {
  const bool value = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID);
  const bool rate = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID);
  const bool reference = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID);
  const bool rate_fits =
      update.rate_adjust >= ZX_CLOCK_UPDATE_MIN_RATE_ADJUST && update.rate_adjust <= ZX_CLOCK_UPDATE_MAX_RATE_ADJUST;
  if (update.flags == 0 || (rate && !rate_fits) || (reference && !value && !rate)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  // To change the rate at another time than now would move a monotonic clock.
  if (reference && !value && started() && Has(options_, ZX_CLOCK_OPT_MONOTONIC)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (value) {
    return CheckValue(update, now);
  }
  return started() ? Result<>() : Error(ZX_ERR_BAD_STATE);
}

Result<> ClockDispatcher::Update(const ClockUpdate& update) {
  const zx_time_t now = CurrentTime();
  PAGODA_TRY(Check(update, now));
  const bool value = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID);
  const bool rate = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID);
  const zx_time_t from = Has(update.flags, ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID) ? update.reference_value : now;
  if (rate) {
    rate_adjust_ = update.rate_adjust;
    rate_updated_ = now;
  }
  if (value || rate) {
    const int64_t start = value ? update.synthetic_value : At(from);
    line_ = {.reference_offset = from, .synthetic_offset = start, .rate = RateFor(rate_adjust_)};
    value_updated_ = value ? now : value_updated_;
  }
  if (Has(update.flags, ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID)) {
    error_bound_ = update.error_bound;
    error_bound_updated_ = now;
  }
  ++generation_;
  UpdateSignals(0, ZX_CLOCK_STARTED);
  return {};
}

zx_clock_details_v1_t ClockDispatcher::Details() const {
  return {.options = options_,
          .backstop_time = backstop_,
          .reference_ticks_to_synthetic = OverTicks(line_),
          .reference_to_synthetic = line_,
          .error_bound = error_bound_,
          .query_ticks = TicksAt(CurrentTime()),
          .last_value_update_ticks = TicksAt(value_updated_),
          .last_rate_adjust_update_ticks = TicksAt(rate_updated_),
          .last_error_bounds_update_ticks = TicksAt(error_bound_updated_),
          .generation_counter = generation_,
          .padding1 = {}};
}

}  // namespace gk
