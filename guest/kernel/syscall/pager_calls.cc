// Calls of programs that supply the pages of VMOs themselves. Queries about those VMOs: pager_query_calls.cc.
#include "guest/kernel/syscall/pager_vmo.h"
#include "guest/kernel/vm/long_loop.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pager_op_range.h"

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

// How much of a range is dealt with until others have their turn, and the caller's end is looked for.
constexpr uint64_t kStretch = uint64_t{1} << 20;

struct Extent {
  uint64_t offset;
  uint64_t length;
};

// How much of a supply from `from` of `aux` on moves no more pages than a stretch has: at least one, at most `length`.
uint64_t StretchOfSupply(const Vmo& aux, uint64_t from, uint64_t length) {
  const PageIndex first = from / kPageSize;
  const PageIndex end = first + length / kPageSize;
  PageIndex at = first;
  for (uint64_t moved = 0; moved < kStretch && at < end; moved += kPageSize) {
    const PageIndex present = aux.FindPresent(at);
    at = present < end ? present + 1 : end;
  }
  return (at - first) * kPageSize;
}

// As zx_pager_supply_pages, for whole pages. Where a stretch fails the ones before it have been supplied.
Result<> SupplyInStretches(Vmo& vmo, Extent range, Vmo& aux, uint64_t aux_offset) {
  if (!base::RangeFits(range.offset, range.length, vmo.size()) ||
      !base::RangeFits(aux_offset, range.length, aux.size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  LongLoop loop;
  for (uint64_t done = 0;;) {
    const uint64_t length = StretchOfSupply(aux, aux_offset + done, range.length - done);
    PAGODA_TRY(vmo.SupplyPages(range.offset + done, length, aux, aux_offset + done));
    done += length;
    if (done == range.length) {
      return {};
    }
    PAGODA_TRY(loop.OnProgress(kStretch));
  }
}

Result<> SupplyPages(Caller& caller, zx_handle_t pager_handle, zx_handle_t handle, uint64_t offset, uint64_t length,
                     zx_handle_t aux_handle, uint64_t aux_offset) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo,
                    GetPagerVmo(caller, {pager_handle, ZX_RIGHT_MANAGE_VMO}, {handle, ZX_RIGHT_WRITE}));
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> aux,
                    caller.handles().Get<VmoDispatcher>(aux_handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE));
  if (!base::IsPageAligned(offset) || !base::IsPageAligned(length) || !base::IsPageAligned(aux_offset)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return SupplyInStretches(vmo->vmo(), {.offset = offset, .length = length}, aux->vmo(), aux_offset);
}

Result<> OpRange(Caller& caller, zx_handle_t pager_handle, uint32_t number, zx_handle_t handle, uint64_t offset,
                 uint64_t length, uint64_t data) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo,
                    GetPagerVmo(caller, {pager_handle, ZX_RIGHT_MANAGE_VMO}, {handle, ZX_RIGHT_WRITE}));
  return PagerOpRange(vmo->vmo(), {.op = number, .offset = offset, .length = length, .data = data});
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
