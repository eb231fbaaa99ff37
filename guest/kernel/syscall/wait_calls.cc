// Calls that wait: for a time, for signals.
#include <new>

#include "guest/kernel/object/signal_wait.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

// The thread goes elsewhere and may come back to the same call: nothing is told to the program.
bool IsInterruption(Status status) {
  return status.value() == ZX_ERR_INTERNAL_INTR_KILLED || status.value() == ZX_ERR_INTERNAL_INTR_RETRY;
}

}  // namespace

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
  Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(handle, ZX_RIGHT_WAIT);
  if (!object) {
    return object.error();
  }
  WaitTarget target(std::move(*object), {.table = &caller.handles(), .value = handle}, signals);
  const Status status = WaitForAny({&target, 1}, deadline, BlockReason::kWaitOne);
  if (!IsInterruption(status) && !observed.is_null()) {
    if (const Result<> written = observed.Write(caller, target.observed()); !written) {
      return StatusOf(written);
    }
  }
  return status;
}

namespace {

// The targets of one zx_object_wait_many, on the heap: a kernel stack is short.
class TargetArray : public HeapObject {
 public:
  ~TargetArray() {
    for (WaitTarget& target : span()) {
      target.~WaitTarget();
    }
  }
  void Add(RefPtr<Dispatcher> object, HandleKey handle, zx_signals_t watched) {
    new (&targets()[count_]) WaitTarget(std::move(object), handle, watched);
    ++count_;
  }
  [[nodiscard]] std::span<WaitTarget> span() { return {targets(), count_}; }

 private:
  WaitTarget* targets() { return reinterpret_cast<WaitTarget*>(storage_); }

  size_t count_ = 0;
  alignas(WaitTarget) std::byte storage_[ZX_WAIT_MANY_MAX_ITEMS * sizeof(WaitTarget)];
};

using WaitItems = std::array<zx_wait_item_t, ZX_WAIT_MANY_MAX_ITEMS>;

Result<> AddTargets(Caller& caller, std::span<const zx_wait_item_t> items, TargetArray& targets) {
  for (const zx_wait_item_t& item : items) {
    PAGODA_TRY_ASSIGN(RefPtr<Dispatcher> object, caller.handles().GetAny(item.handle, ZX_RIGHT_WAIT));
    targets.Add(std::move(object), {.table = &caller.handles(), .value = item.handle}, item.waitfor);
  }
  return {};
}

Result<> WaitForItems(Caller& caller, UserOutBytes where, std::span<zx_wait_item_t> items, zx_time_t deadline) {
  PAGODA_TRY(CopyFromUser(caller.address_space(), items.data(), where.address, items.size_bytes()));
  TargetArray* targets = new (std::nothrow) TargetArray;
  if (targets == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  Result<> added = AddTargets(caller, items, *targets);
  Status status = StatusOf(added);
  if (added) {
    status = WaitForAny(targets->span(), deadline, BlockReason::kWaitMany);
    for (size_t i = 0; i < items.size(); ++i) {
      items[i].pending = targets->span()[i].observed();
    }
  }
  delete targets;
  if (added && !IsInterruption(status)) {
    PAGODA_TRY(CopyToUser(caller.address_space(), where.address, items.data(), items.size_bytes()));
  }
  return status.ok() ? Result<>() : Error(status);
}

}  // namespace

Status object_wait_many(Caller& caller, UserOutBytes items, size_t count, zx_time_t deadline) {
  if (count > ZX_WAIT_MANY_MAX_ITEMS) {
    return Status(ZX_ERR_OUT_OF_RANGE);
  }
  WaitItems copied;
  return StatusOf(WaitForItems(caller, items, std::span(copied).first(count), deadline));
}

}  // namespace gk::syscall
