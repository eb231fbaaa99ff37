// zx_vmo_op_range: one table of operations with the rights that they need, one function for each.
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::syscall {
namespace {

struct Request {
  Caller& caller;
  Vmo& vmo;
  uint64_t offset;
  uint64_t length;
  UserOutBytes buffer;
  size_t buffer_size;
};

bool IsPhysical(const Vmo& vmo) { return vmo.content().kind() == ContentKind::kPhysical; }

Result<> CheckRange(const Request& request) {
  return base::RangeFits(request.offset, request.length, request.vmo.size()) ? Result<>() : Error(ZX_ERR_OUT_OF_RANGE);
}

Result<> Commit(const Request& request) {
  return IsPhysical(request.vmo) ? Error(ZX_ERR_NOT_SUPPORTED) : request.vmo.Commit(request.offset, request.length);
}

Result<> Decommit(const Request& request) { return request.vmo.Decommit(request.offset, request.length); }

Result<> Zero(const Request& request) { return request.vmo.Zero(request.offset, request.length); }

// The lock comes first, since the answer describes it; who cannot be told does not keep it.
Result<> Lock(const Request& request) {
  PAGODA_TRY_ASSIGN(Discardable * discardable, request.vmo.DiscardableOf(request.offset, request.length));
  if (request.buffer_size < sizeof(zx_vmo_lock_state_t) || request.buffer.address == 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const bool was_discarded = discardable->Lock();
  const zx_vmo_lock_state_t state = {.offset = request.offset,
                                     .size = request.length,
                                     .discarded_offset = 0,
                                     .discarded_size = was_discarded ? request.length : 0};
  const Result<> told = CopyToUser(request.caller.address_space(), request.buffer.address, state);
  if (!told) {
    discardable->UndoLock(was_discarded);
  }
  return told;
}

Result<> TryLock(const Request& request) {
  PAGODA_TRY_ASSIGN(Discardable * discardable, request.vmo.DiscardableOf(request.offset, request.length));
  return discardable->TryLock();
}

Result<> Unlock(const Request& request) {
  PAGODA_TRY_ASSIGN(Discardable * discardable, request.vmo.DiscardableOf(request.offset, request.length));
  return discardable->Unlock();
}

Result<> CleanCache(const Request& request) { return request.vmo.CleanCache(request.offset, request.length); }

// To forget what the caches hold can bring back what was there before it; to write it back first cannot.
Result<> InvalidateCache(const Request& request) {
  if (request.length != 0) {
    PAGODA_TRY(CheckRange(request));
    if (!debugging_syscalls) {
      return Error(ZX_ERR_NOT_SUPPORTED);
    }
  }
  return CleanCache(request);
}

// Makes present what a source has; zeroes need no page to be read.
Result<> Prefetch(const Request& request) {
  PAGODA_TRY(CheckRange(request));
  return request.vmo.page_source() != nullptr ? request.vmo.Prefetch(request.offset, request.length) : Result<>();
}

// Hints mean nothing where no page can be had again; the real system then does not even look at the range.
Result<> CheckHint(const Request& request) {
  const bool ignored = api_policy == ApiPolicy::kZircon && request.vmo.page_source() == nullptr;
  return ignored ? Result<>() : CheckRange(request);
}

Result<> DontNeed(const Request& request) {
  PAGODA_TRY(CheckHint(request));
  request.vmo.DontNeed(request.offset, request.length);
  return {};
}

Result<> AlwaysNeed(const Request& request) {
  PAGODA_TRY(CheckHint(request));
  return request.vmo.AlwaysNeed(request.offset, request.length);
}

enum class Needs : uint8_t { kRead, kWrite, kEither };

struct Operation {
  uint32_t number;
  Needs needs;
  Result<> (*function)(const Request& request);
};

constexpr Operation kOperations[] = {
    {ZX_VMO_OP_COMMIT, Needs::kWrite, &Commit},
    {ZX_VMO_OP_DECOMMIT, Needs::kWrite, &Decommit},
    {ZX_VMO_OP_LOCK, Needs::kEither, &Lock},
    {ZX_VMO_OP_UNLOCK, Needs::kEither, &Unlock},
    {ZX_VMO_OP_CACHE_SYNC, Needs::kRead, &CleanCache},
    {ZX_VMO_OP_CACHE_INVALIDATE, Needs::kWrite, &InvalidateCache},
    {ZX_VMO_OP_CACHE_CLEAN, Needs::kRead, &CleanCache},
    {ZX_VMO_OP_CACHE_CLEAN_INVALIDATE, Needs::kRead, &CleanCache},
    {ZX_VMO_OP_ZERO, Needs::kWrite, &Zero},
    {ZX_VMO_OP_TRY_LOCK, Needs::kEither, &TryLock},
    {ZX_VMO_OP_DONT_NEED, Needs::kEither, &DontNeed},
    {ZX_VMO_OP_ALWAYS_NEED, Needs::kEither, &AlwaysNeed},
    {ZX_VMO_OP_PREFETCH, Needs::kRead, &Prefetch},
};

const Operation* FindOperation(uint32_t number) {
  for (const Operation& operation : kOperations) {
    if (operation.number == number) {
      return &operation;
    }
  }
  return nullptr;
}

bool HasWhatItNeeds(zx_rights_t rights, Needs needs) {
  const bool reads = HasRights(rights, ZX_RIGHT_READ);
  const bool writes = HasRights(rights, ZX_RIGHT_WRITE);
  return (needs != Needs::kWrite && reads) || (needs != Needs::kRead && writes);
}

}  // namespace

Status vmo_op_range(Caller& caller, zx_handle_t handle, uint32_t number, uint64_t offset, uint64_t length,
                    UserOutBytes buffer, size_t buffer_size) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_NONE);
  if (!vmo) {
    return vmo.error();
  }
  const zx_rights_t rights = caller.handles().Find(handle)->rights();
  const Operation* operation = FindOperation(number);
  if (operation == nullptr) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  if (!HasWhatItNeeds(rights, operation->needs)) {
    return Status(ZX_ERR_ACCESS_DENIED);
  }
  return StatusOf(operation->function({.caller = caller,
                                       .vmo = (*vmo)->vmo(),
                                       .offset = offset,
                                       .length = length,
                                       .buffer = buffer,
                                       .buffer_size = buffer_size}));
}

}  // namespace gk::syscall
