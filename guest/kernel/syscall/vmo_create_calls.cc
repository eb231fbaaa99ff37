// Calls that make VMOs, or a new handle to one.
#include <bit>

#include "guest/kernel/object/bti_dispatcher.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/physical_ranges.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::syscall {
namespace {

Result<> GiveVmo(Caller& caller, RefPtr<Vmo> vmo, zx_rights_t rights, UserOut<zx_handle_t> out) {
  RefPtr<VmoDispatcher> dispatcher = VmoDispatcher::Create(std::move(vmo));
  if (!dispatcher) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(dispatcher), rights));
}

Result<RefPtr<Vmo>> MakeVmo(uint64_t size, uint32_t options) {
  const Resizability resizability = (options & ZX_VMO_RESIZABLE) != 0 ? Resizability::kResizable : Resizability::kFixed;
  if ((options & ZX_VMO_UNBOUNDED) == 0) {
    return (options & ZX_VMO_DISCARDABLE) != 0 ? Vmo::CreateDiscardable(size, resizability)
                                               : Vmo::Create(size, resizability);
  }
  // As large as can be; only the note about its content says what was asked for.
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, (options & ZX_VMO_DISCARDABLE) != 0
                                         ? Vmo::CreateDiscardable(Vmo::kMaxSize, resizability)
                                         : Vmo::Create(Vmo::kMaxSize, resizability));
  if (size > vmo->size()) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  vmo->SetContentSize(size);
  return vmo;
}

Result<> CreateVmo(Caller& caller, uint64_t size, uint32_t options, UserOut<zx_handle_t> out) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_VMO));
  constexpr uint32_t kBoth = ZX_VMO_RESIZABLE | ZX_VMO_UNBOUNDED;
  if ((options & ~(kBoth | ZX_VMO_DISCARDABLE)) != 0 || (options & kBoth) == kBoth) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, MakeVmo(size, options));
  const zx_rights_t rights = VmoDispatcher::DefaultRights(*vmo);
  return GiveVmo(caller, std::move(vmo), rights, out);
}

Result<> CreateContiguous(Caller& caller, zx_handle_t bti, uint64_t size, uint32_t alignment_log2,
                          UserOut<zx_handle_t> out) {
  const uint32_t log2 = alignment_log2 == 0 ? static_cast<uint32_t>(kPageShift) : alignment_log2;
  if (size == 0 || log2 < kPageShift || log2 >= 64) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_VMO));
  PAGODA_TRY(caller.handles().Get<BtiDispatcher>(bti, ZX_RIGHT_MAP));
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::CreateContiguous(size, uint64_t{1} << log2));
  return GiveVmo(caller, std::move(vmo), ZX_DEFAULT_VMO_RIGHTS, out);
}

// The documents have one word for a resource that does not reach that far, the real system two.
Result<> RequireMemory(Caller& caller, zx_handle_t resource, PhysicalAddress base, uint64_t size) {
  PAGODA_TRY(caller.handles().Get<ResourceDispatcher>(resource, ZX_RIGHT_NONE));
  const Result<> granted = RequireResource(caller.handles(), resource, {ZX_RSRC_KIND_MMIO, base, size});
  return granted || api_policy == ApiPolicy::kZircon ? granted : Error(ZX_ERR_ACCESS_DENIED);
}

Result<> CreatePhysical(Caller& caller, zx_handle_t resource, PhysicalAddress base, uint64_t size,
                        UserOut<zx_handle_t> out) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_VMO));
  const bool rounds = api_policy == ApiPolicy::kZircon;
  if (rounds && base::AlignUpOverflows(size, kPageSize)) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  size = rounds ? base::AlignUp(size, kPageSize) : size;
  if (!base::IsPageAligned(base) || !base::IsPageAligned(size) || size == 0) {
    PAGODA_TRY(caller.handles().Get<ResourceDispatcher>(resource, ZX_RIGHT_NONE));
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (size > Vmo::kMaxSize) {
    PAGODA_TRY(caller.handles().Get<ResourceDispatcher>(resource, ZX_RIGHT_NONE));
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  PAGODA_TRY(RequireMemory(caller, resource, base, size));
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::CreatePhysical(base, size));
  const zx_rights_t execute = api_policy == ApiPolicy::kZircon ? 0 : ZX_RIGHT_EXECUTE;
  return GiveVmo(caller, std::move(vmo), ZX_DEFAULT_VMO_RIGHTS | execute, out);
}

constexpr uint32_t kChildKinds = ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE |
                                 ZX_VMO_CHILD_SNAPSHOT_MODIFIED | ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_REFERENCE;

Result<ChildKind> ChildKindOf(uint32_t options) {
  constexpr uint32_t kModifiers = ZX_VMO_CHILD_RESIZABLE | ZX_VMO_CHILD_NO_WRITE;
  if ((options & ~(kChildKinds | kModifiers)) != 0 || (options & kModifiers) == kModifiers) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  switch (options & kChildKinds) {
    case ZX_VMO_CHILD_SNAPSHOT:
      return ChildKind::kSnapshot;
    case ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE:
      return ChildKind::kSnapshotAtLeastOnWrite;
    case ZX_VMO_CHILD_SNAPSHOT_MODIFIED:
      return ChildKind::kSnapshotModified;
    case ZX_VMO_CHILD_SLICE:
      return ChildKind::kSlice;
    case ZX_VMO_CHILD_REFERENCE:
      return ChildKind::kReference;
    default:
      return Error(ZX_ERR_INVALID_ARGS);
  }
}

// A copy of one's own may be written whoever wrote the original, and must not run before somebody vouches for it.
zx_rights_t RightsOfChild(zx_rights_t parent, uint32_t options, const Vmo& child) {
  constexpr uint32_t kCopies =
      ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZX_VMO_CHILD_SNAPSHOT_MODIFIED;
  zx_rights_t rights = (parent & ~ZX_RIGHT_RESIZE) | ZX_RIGHTS_PROPERTY | (child.resizable() ? ZX_RIGHT_RESIZE : 0);
  if ((options & ZX_VMO_CHILD_NO_WRITE) != 0) {
    rights &= ~ZX_RIGHT_WRITE;
  } else if ((options & kCopies) != 0) {
    rights = (rights | ZX_RIGHT_WRITE) & ~ZX_RIGHT_EXECUTE;
  }
  return rights;
}

Result<> CreateChild(Caller& caller, zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size,
                     UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> parent,
                    caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ));
  const zx_rights_t parent_rights = caller.handles().Find(handle)->rights();
  PAGODA_TRY_ASSIGN(const ChildKind kind, ChildKindOf(options));
  const Resizability resizability =
      (options & ZX_VMO_CHILD_RESIZABLE) != 0 ? Resizability::kResizable : Resizability::kFixed;
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> child, parent->vmo().CreateChild(kind, offset, size, resizability));
  if (options == (ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_NO_WRITE)) {
    child->set_immutable();
  }
  const zx_rights_t rights = RightsOfChild(parent_rights, options, *child);
  return GiveVmo(caller, std::move(child), rights, out);
}

// What the resource handle `vmex` allows, or the policy where there is none.
Result<> CheckMayExecute(Caller& caller, zx_handle_t vmex) {
  if (vmex == ZX_HANDLE_INVALID) {
    return CheckPolicy(caller, ZX_POL_AMBIENT_MARK_VMO_EXEC);
  }
  const Result<> granted = RequireResource(caller.handles(), vmex, {ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1});
  return granted || api_policy == ApiPolicy::kZircon ? granted : Error(ZX_ERR_BAD_HANDLE);
}

Result<> ReplaceAsExecutable(Caller& caller, zx_handle_t handle, zx_handle_t vmex, UserOut<zx_handle_t> out) {
  const Result<> may = CheckMayExecute(caller, vmex);
  const Handle old = caller.handles().Remove(handle);  // whatever else comes of it
  if (!old) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  PAGODA_TRY(may);
  if (old.object()->type() != ZX_OBJ_TYPE_VMO) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  return GiveHandle(caller, out, Handle(old.object(), old.rights() | ZX_RIGHT_EXECUTE));
}

}  // namespace

Status vmo_create(Caller& caller, uint64_t size, uint32_t options, UserOut<zx_handle_t> out) {
  return StatusOf(CreateVmo(caller, size, options, out));
}

Status vmo_create_contiguous(Caller& caller, zx_handle_t bti, uint64_t size, uint32_t alignment_log2,
                             UserOut<zx_handle_t> out) {
  return StatusOf(CreateContiguous(caller, bti, size, alignment_log2, out));
}

Status vmo_create_physical(Caller& caller, zx_handle_t resource, PhysicalAddress base, uint64_t size,
                           UserOut<zx_handle_t> out) {
  return StatusOf(CreatePhysical(caller, resource, base, size, out));
}

Status vmo_create_child(Caller& caller, zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size,
                        UserOut<zx_handle_t> out) {
  return StatusOf(CreateChild(caller, handle, options, offset, size, out));
}

Status vmo_replace_as_executable(Caller& caller, zx_handle_t handle, zx_handle_t vmex, UserOut<zx_handle_t> out) {
  return StatusOf(ReplaceAsExecutable(caller, handle, vmex, out));
}

}  // namespace gk::syscall
