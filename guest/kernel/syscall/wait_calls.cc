// Calls that wait: for a time, for a signal, for a futex.
#include "guest/kernel/object/wait_one.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/syscall/calls.h"
#include "shared/base/range.h"

namespace gk::syscall {

Status nanosleep(Caller& /*caller*/, zx_time_t deadline) {
  if (deadline <= 0) {
    Thread::YieldCurrent();
    return Status(ZX_OK);
  }
  const Status status = Thread::SleepUntil(deadline);
  return status.value() == ZX_ERR_TIMED_OUT ? Status(ZX_OK) : status;
}

Status object_wait_one(Caller& caller, zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
                       UserOut<zx_signals_t> observed) {
  const Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(handle, ZX_RIGHT_WAIT);
  if (!object) {
    return object.error();
  }
  const WaitOneResult result = WaitOne(*object, {.table = &caller.handles(), .value = handle}, signals, deadline);
  if (!observed.is_null()) {
    if (const Result<> written = observed.Write(caller, result.observed); !written) {
      return StatusOf(written);
    }
  }
  return result.status;
}

namespace {

bool IsFutexAddress(VirtualAddress address) {
  return base::IsAligned(address, sizeof(int32_t)) && address >= AddressSpace::kUserBase &&
         address < AddressSpace::kUserEnd;
}

// The owner is named only when the wait takes place, so the value is compared first.
Status CheckFutexOwner(Caller& caller, zx_handle_t new_owner) {
  if (new_owner == ZX_HANDLE_INVALID) {
    return Status(ZX_OK);
  }
  const Result<RefPtr<ThreadDispatcher>> owner = caller.handles().Get<ThreadDispatcher>(new_owner, ZX_RIGHT_NONE);
  if (!owner) {
    return owner.error();
  }
  const ThreadDispatcher& thread = **owner;
  const bool acceptable = &thread != &caller.thread && &thread.process() == &caller.process &&
                          thread.state() != ThreadDispatcher::State::kNew;
  return Status(acceptable ? ZX_OK : ZX_ERR_INVALID_ARGS);
}

}  // namespace

Status futex_wait(Caller& caller, UserIn<int32_t> value, int32_t expected, zx_handle_t new_owner, zx_time_t deadline) {
  if (!IsFutexAddress(value.address)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Result<int32_t> actual = value.Read(caller);
  if (!actual) {
    return actual.error();
  }
  // Nothing from here to the wait may block, or a wake-up in between would be lost.
  if (*actual != expected) {
    return Status(ZX_ERR_BAD_STATE);
  }
  if (const Status status = CheckFutexOwner(caller, new_owner); !status.ok()) {
    return status;
  }
  return caller.process.futexes().Wait(value.address, deadline);
}

Status futex_wake(Caller& caller, UserIn<int32_t> value, uint32_t count) {
  if (!IsFutexAddress(value.address)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  caller.process.futexes().Wake(value.address, count);
  return Status(ZX_OK);
}

}  // namespace gk::syscall
