// Calls on futexes.
#include "guest/kernel/syscall/calls.h"
#include "shared/base/range.h"

namespace gk::syscall {
namespace {

bool IsFutexAddress(VirtualAddress address) {
  return base::IsAligned(address, sizeof(int32_t)) && address >= AddressSpace::kUserBase &&
         address < AddressSpace::kUserEnd;
}

Result<> CheckValue(Caller& caller, UserIn<int32_t> value, int32_t expected) {
  PAGODA_TRY_ASSIGN(const int32_t actual, value.Read(caller));
  return actual == expected ? Result<>() : Error(ZX_ERR_BAD_STATE);
}

// The thread that a program names as an owner; null when it names none, or one that has ended.
Result<RefPtr<ThreadDispatcher>> FindOwner(Caller& caller, zx_handle_t handle) {
  if (handle == ZX_HANDLE_INVALID) {
    return RefPtr<ThreadDispatcher>();
  }
  PAGODA_TRY_ASSIGN(RefPtr<ThreadDispatcher> thread, caller.handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_NONE));
  if (&thread->process() != &caller.process || thread->state() == ThreadDispatcher::State::kNew) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return thread->state() == ThreadDispatcher::State::kDead ? RefPtr<ThreadDispatcher>() : std::move(thread);
}

// The owner is named only when the wait takes place, so the value is compared first.
Result<> WaitForFutex(Caller& caller, UserIn<int32_t> value, int32_t expected, zx_handle_t new_owner,
                      zx_time_t deadline) {
  PAGODA_TRY(CheckValue(caller, value, expected));
  // Nothing from here to the wait may block, or a wake-up in between would be lost.
  PAGODA_TRY_ASSIGN(RefPtr<ThreadDispatcher> owner, FindOwner(caller, new_owner));
  FutexTable& futexes = caller.process.futexes();
  if (owner && (owner.get() == &caller.thread || futexes.IsWaiting(value.address, *owner))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const Status status = futexes.Wait(value.address, caller.thread, std::move(owner), deadline);
  return status.ok() ? Result<>() : Error(status);
}

struct RequeueRequest {
  UserIn<int32_t> from;
  int32_t expected;
  VirtualAddress to;
  uint32_t count;
  zx_handle_t new_owner;  // of `to`
};

// Checks everything. What follows cannot fail.
Result<RefPtr<Dispatcher>> PrepareRequeue(Caller& caller, const RequeueRequest& request) {
  if (!IsFutexAddress(request.from.address) || !IsFutexAddress(request.to) || request.from.address == request.to) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY(CheckValue(caller, request.from, request.expected));
  PAGODA_TRY_ASSIGN(RefPtr<ThreadDispatcher> owner, FindOwner(caller, request.new_owner));
  FutexTable& futexes = caller.process.futexes();
  if (owner && (futexes.IsWaiting(request.from.address, *owner) || futexes.IsWaiting(request.to, *owner))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return RefPtr<Dispatcher>(std::move(owner));
}

}  // namespace

Status futex_wait(Caller& caller, UserIn<int32_t> value, int32_t expected, zx_handle_t new_owner, zx_time_t deadline) {
  if (!IsFutexAddress(value.address)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(WaitForFutex(caller, value, expected, new_owner, deadline));
}

Status futex_wake(Caller& caller, UserIn<int32_t> value, uint32_t count) {
  if (!IsFutexAddress(value.address)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  caller.process.futexes().Wake(value.address, count);
  return Status(ZX_OK);
}

Status futex_wake_single_owner(Caller& caller, UserIn<int32_t> value) {
  if (!IsFutexAddress(value.address)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  caller.process.futexes().WakeSingleOwner(value.address);
  return Status(ZX_OK);
}

Status futex_requeue(Caller& caller, UserIn<int32_t> value, uint32_t wake_count, int32_t expected,
                     UserIn<int32_t> target, uint32_t requeue_count, zx_handle_t new_owner) {
  Result<RefPtr<Dispatcher>> owner =
      PrepareRequeue(caller, {value, expected, target.address, requeue_count, new_owner});
  if (!owner) {
    return owner.error();
  }
  caller.process.futexes().Wake(value.address, wake_count);
  caller.process.futexes().Requeue(value.address, target.address, requeue_count, std::move(*owner));
  return Status(ZX_OK);
}

Status futex_requeue_single_owner(Caller& caller, UserIn<int32_t> value, int32_t expected, UserIn<int32_t> target,
                                  uint32_t requeue_count, zx_handle_t new_owner) {
  Result<RefPtr<Dispatcher>> owner =
      PrepareRequeue(caller, {value, expected, target.address, requeue_count, new_owner});
  if (!owner) {
    return owner.error();
  }
  caller.process.futexes().WakeSingleOwner(value.address);
  caller.process.futexes().Requeue(value.address, target.address, requeue_count, std::move(*owner));
  return Status(ZX_OK);
}

Status futex_get_owner(Caller& caller, UserIn<int32_t> value, UserOut<zx_koid_t> koid) {
  if (!IsFutexAddress(value.address)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Dispatcher* owner = caller.process.futexes().OwnerOf(value.address);
  return StatusOf(koid.Write(caller, owner != nullptr ? owner->koid() : ZX_KOID_INVALID));
}

}  // namespace gk::syscall
