// Calls on clocks, and what a program may know of the machine.
#include "guest/kernel/object/clock_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::syscall {
namespace {

constexpr uint64_t Version(uint64_t options) { return options >> ZX_CLOCK_ARGS_VERSION_SHIFT; }

constexpr uint64_t kValueFlags = ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID |
                                 ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID | ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID;

Result<> CreateClock(Caller& caller, uint64_t options, UserInBytes args, UserOut<zx_handle_t> out) {
  zx_clock_create_args_v1_t copied{};
  if (Version(options) == 1) {
    PAGODA_TRY_ASSIGN(copied, UserIn<zx_clock_create_args_v1_t>{args.address}.Read(caller));
  } else if (Version(options) != 0 || args.address != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(RefPtr<ClockDispatcher> clock,
                    ClockDispatcher::Create(options & ~ZX_CLOCK_ARGS_VERSION_MASK, copied.backstop_time));
  return GiveHandle(caller, out, Handle(std::move(clock), ZX_DEFAULT_CLOCK_RIGHTS));
}

Result<ClockUpdate> ReadUpdate(Caller& caller, uint64_t options, UserInBytes args) {
  const uint64_t flags = options & ~ZX_CLOCK_ARGS_VERSION_MASK;
  if (Version(options) == 1 && (flags & ~kValueFlags) == 0) {
    PAGODA_TRY_ASSIGN(const zx_clock_update_args_v1_t v1, UserIn<zx_clock_update_args_v1_t>{args.address}.Read(caller));
    return ClockUpdate{flags, v1.rate_adjust, v1.value, 0, v1.error_bound};
  }
  if (Version(options) == 2 && (flags & ~(kValueFlags | ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID)) == 0) {
    PAGODA_TRY_ASSIGN(const zx_clock_update_args_v2_t v2, UserIn<zx_clock_update_args_v2_t>{args.address}.Read(caller));
    return ClockUpdate{flags, v2.rate_adjust, v2.synthetic_value, v2.reference_value, v2.error_bound};
  }
  return Error(ZX_ERR_INVALID_ARGS);
}

Result<> UpdateClock(Caller& caller, zx_handle_t handle, uint64_t options, UserInBytes args) {
  PAGODA_TRY_ASSIGN(const RefPtr<ClockDispatcher> clock, caller.handles().Get<ClockDispatcher>(handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const ClockUpdate update, ReadUpdate(caller, options, args));
  return clock->Update(update);
}

Result<> ReadClock(Caller& caller, zx_handle_t handle, UserOut<zx_time_t> now) {
  PAGODA_TRY_ASSIGN(const RefPtr<ClockDispatcher> clock, caller.handles().Get<ClockDispatcher>(handle, ZX_RIGHT_READ));
  return now.Write(caller, clock->Read());
}

Result<> GetDetails(Caller& caller, zx_handle_t handle, uint64_t options, UserOut<zx_clock_details_v1_t> details) {
  if (options != ZX_CLOCK_ARGS_VERSION(1)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(const RefPtr<ClockDispatcher> clock, caller.handles().Get<ClockDispatcher>(handle, ZX_RIGHT_READ));
  return details.Write(caller, clock->Details());
}

}  // namespace

Status clock_create(Caller& caller, uint64_t options, UserInBytes args, UserOut<zx_handle_t> out) {
  return StatusOf(CreateClock(caller, options, args, out));
}

Status clock_read(Caller& caller, zx_handle_t clock, UserOut<zx_time_t> now) {
  return StatusOf(ReadClock(caller, clock, now));
}

Status clock_update(Caller& caller, zx_handle_t clock, uint64_t options, UserInBytes args) {
  return StatusOf(UpdateClock(caller, clock, options, args));
}

Status clock_get_details(Caller& caller, zx_handle_t clock, uint64_t options, UserOut<zx_clock_details_v1_t> details) {
  return StatusOf(GetDetails(caller, clock, options, details));
}

uint64_t system_get_physmem(Caller& /*caller*/) { return GetPmmStatistics().total_pages * base::kPageSize; }

}  // namespace gk::syscall
