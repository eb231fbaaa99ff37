// Calls of programs that supply the pages of VMOs themselves. Queries about those VMOs: pager_query_calls.cc.
#include "guest/kernel/syscall/pager_vmo.h"
#include "guest/kernel/vm/page_source.h"

namespace gk::syscall {
namespace {

Result<> CreatePager(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  if (options != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_PAGER));
  RefPtr<PagerDispatcher> pager = PagerDispatcher::Create();
  if (!pager) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(pager), ZX_DEFAULT_PAGER_RIGHTS));
}

Result<PagerVmoOptions> OptionsOf(uint32_t options, uint64_t size) {
  constexpr uint32_t kBoth = ZX_VMO_RESIZABLE | ZX_VMO_UNBOUNDED;
  if ((options & ~(kBoth | ZX_VMO_TRAP_DIRTY)) != 0 || (options & kBoth) == kBoth) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const bool unbounded = (options & ZX_VMO_UNBOUNDED) != 0;
  if (unbounded && size == UINT64_MAX) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return PagerVmoOptions{
      .resizability = (options & ZX_VMO_RESIZABLE) != 0 ? Resizability::kResizable : Resizability::kFixed,
      .trap_dirty = (options & ZX_VMO_TRAP_DIRTY) != 0,
      .unbounded = unbounded};
}

Result<> CreatePagerVmo(Caller& caller, zx_handle_t pager_handle, uint32_t options, zx_handle_t port_handle,
                        uint64_t key, uint64_t size, UserOut<zx_handle_t> out) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_VMO));
  PAGODA_TRY_ASSIGN(const RefPtr<PagerDispatcher> pager,
                    caller.handles().Get<PagerDispatcher>(pager_handle, ZX_RIGHT_ATTACH_VMO));
  PAGODA_TRY_ASSIGN(RefPtr<PortDispatcher> port, caller.handles().Get<PortDispatcher>(port_handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const PagerVmoOptions parsed, OptionsOf(options, size));
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, pager->CreateVmo(std::move(port), key, size, parsed));
  const zx_rights_t rights = VmoDispatcher::DefaultRights(*vmo);
  RefPtr<VmoDispatcher> dispatcher = VmoDispatcher::Create(std::move(vmo));
  if (!dispatcher) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  dispatcher->set_pager_koid(pager->koid());
  return GiveHandle(caller, out, Handle(std::move(dispatcher), rights));
}

Result<> DetachVmo(Caller& caller, zx_handle_t pager_handle, zx_handle_t handle) {
  PAGODA_TRY_ASSIGN(
      const RefPtr<VmoDispatcher> vmo,
      GetPagerVmo(caller, {pager_handle, ZX_RIGHT_ATTACH_VMO | ZX_RIGHT_MANAGE_VMO}, {handle, ZX_RIGHT_WRITE}));
  vmo->vmo().pager_source()->Detach();
  return {};
}

bool IsPageRange(uint64_t offset, uint64_t length) {
  return base::IsPageAligned(offset) && base::IsPageAligned(length);
}

Result<> SupplyPages(Caller& caller, zx_handle_t pager_handle, zx_handle_t handle, uint64_t offset, uint64_t length,
                     zx_handle_t aux_handle, uint64_t aux_offset) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo,
                    GetPagerVmo(caller, {pager_handle, ZX_RIGHT_MANAGE_VMO}, {handle, ZX_RIGHT_WRITE}));
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> aux,
                    caller.handles().Get<VmoDispatcher>(aux_handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE));
  if (!IsPageRange(offset, length) || !base::IsPageAligned(aux_offset)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return vmo->vmo().SupplyPages(offset, length, aux->vmo(), aux_offset);
}

// --- zx_pager_op_range: one function for each operation ---

struct Request {
  Vmo& vmo;
  uint64_t offset;
  uint64_t length;
  uint64_t data;
};

// The data is a status, sign-extended. Which a pager may give is a promise to who waits.
Result<> Fail(const Request& request) {
  for (const zx_status_t allowed :
       {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL}) {
    if (request.data == static_cast<uint64_t>(int64_t{allowed})) {
      return request.vmo.PagerFail(request.offset, request.length, Status(allowed));
    }
  }
  return Error(ZX_ERR_INVALID_ARGS);
}

Result<> Dirty(const Request& request) {
  if (request.data != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return request.vmo.traps_dirty() ? request.vmo.PagerDirty(request.offset, request.length)
                                   : Error(ZX_ERR_NOT_SUPPORTED);
}

Result<> WritebackBegin(const Request& request) {
  switch (request.data) {
    case 0:
      return request.vmo.WritebackBegin(request.offset, request.length, WritebackScope::kAll);
    case ZX_VMO_DIRTY_RANGE_IS_ZERO:
      return request.vmo.WritebackBegin(request.offset, request.length, WritebackScope::kZeroes);
    default:
      return Error(ZX_ERR_INVALID_ARGS);
  }
}

Result<> WritebackEnd(const Request& request) {
  return request.data == 0 ? request.vmo.WritebackEnd(request.offset, request.length) : Error(ZX_ERR_INVALID_ARGS);
}

struct Operation {
  uint32_t number;
  Result<> (*function)(const Request& request);
};

constexpr Operation kOperations[] = {
    {ZX_PAGER_OP_FAIL, &Fail},
    {ZX_PAGER_OP_DIRTY, &Dirty},
    {ZX_PAGER_OP_WRITEBACK_BEGIN, &WritebackBegin},
    {ZX_PAGER_OP_WRITEBACK_END, &WritebackEnd},
};

Result<> OpRange(Caller& caller, zx_handle_t pager_handle, uint32_t number, zx_handle_t handle, uint64_t offset,
                 uint64_t length, uint64_t data) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo,
                    GetPagerVmo(caller, {pager_handle, ZX_RIGHT_MANAGE_VMO}, {handle, ZX_RIGHT_WRITE}));
  for (const Operation& operation : kOperations) {
    if (operation.number == number) {
      return IsPageRange(offset, length)
                 ? operation.function({.vmo = vmo->vmo(), .offset = offset, .length = length, .data = data})
                 : Error(ZX_ERR_INVALID_ARGS);
    }
  }
  return Error(ZX_ERR_NOT_SUPPORTED);
}

}  // namespace

Status pager_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  return StatusOf(CreatePager(caller, options, out));
}

Status pager_create_vmo(Caller& caller, zx_handle_t pager, uint32_t options, zx_handle_t port, uint64_t key,
                        uint64_t size, UserOut<zx_handle_t> out) {
  return StatusOf(CreatePagerVmo(caller, pager, options, port, key, size, out));
}

Status pager_detach_vmo(Caller& caller, zx_handle_t pager, zx_handle_t vmo) {
  return StatusOf(DetachVmo(caller, pager, vmo));
}

Status pager_supply_pages(Caller& caller, zx_handle_t pager, zx_handle_t vmo, uint64_t offset, uint64_t length,
                          zx_handle_t aux, uint64_t aux_offset) {
  return StatusOf(SupplyPages(caller, pager, vmo, offset, length, aux, aux_offset));
}

Status pager_op_range(Caller& caller, zx_handle_t pager, uint32_t number, zx_handle_t vmo, uint64_t offset,
                      uint64_t length, uint64_t data) {
  return StatusOf(OpRange(caller, pager, number, vmo, offset, length, data));
}

}  // namespace gk::syscall
