// Calls on regions of an address space.
#include "guest/kernel/object/vmar_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/access.h"

namespace gk::syscall {
namespace {

// Write or execute makes no sense without read on this hardware.
bool IsValid(Access access) { return access.read || (!access.write && !access.execute); }

zx_rights_t RightsFor(Access access) {
  return (access.read ? ZX_RIGHT_READ : 0) | (access.write ? ZX_RIGHT_WRITE : 0) |
         (access.execute ? ZX_RIGHT_EXECUTE : 0);
}

Access AccessFromRights(zx_rights_t rights) {
  return {.read = HasRights(rights, ZX_RIGHT_READ),
          .write = HasRights(rights, ZX_RIGHT_WRITE),
          .execute = HasRights(rights, ZX_RIGHT_EXECUTE)};
}

// Both at once are a matter of the job's policy.
Result<> CheckWriteAndExecute(Caller& caller, Access access) {
  return access.write && access.execute ? CheckPolicy(caller, ZX_POL_VMAR_WX) : Result<>();
}

// A handle that names a T, as it stood in the table: object and rights.
template <typename T>
struct Granted {
  RefPtr<T> object;
  zx_rights_t rights;
};

template <typename T>
Result<Granted<T>> GetWithRights(Caller& caller, zx_handle_t value, zx_rights_t wanted) {
  PAGODA_TRY_ASSIGN(RefPtr<T> object, caller.handles().Get<T>(value, wanted));
  return Granted<T>{std::move(object), caller.handles().Find(value)->rights()};
}

// Reaching into regions inside the one that the handle names takes a right of its own.
bool LacksChildRight(const Granted<VmarDispatcher>& vmar, VirtualAddress address, uint64_t length) {
  return !HasRights(vmar.rights, ZX_RIGHT_OP_CHILDREN) && vmar.object->vmar().TouchesRegion(address, length);
}

Result<> MapAndTell(Caller& caller, Vmar& vmar, const MapRequest& request, UserOut<zx_vaddr_t> mapped_address) {
  PAGODA_TRY_ASSIGN(const VirtualAddress address, vmar.Map(request));
  if (Result<> written = mapped_address.Write(caller, address); !written) {
    // Whatever became of the region while the copy waited: the program cannot know of the mapping, so it goes.
    (void)StatusOf(vmar.Unmap(address, request.length));
    return written;
  }
  return {};
}

Result<> Map(Caller& caller, zx_handle_t handle, zx_handle_t vmo_handle, MapRequest request,
             UserOut<zx_vaddr_t> mapped_address) {
  PAGODA_TRY_ASSIGN(const auto vmar, GetWithRights<VmarDispatcher>(caller, handle, ZX_RIGHT_NONE));
  PAGODA_TRY_ASSIGN(const auto vmo, GetWithRights<VmoDispatcher>(caller, vmo_handle, ZX_RIGHT_MAP));
  constexpr zx_vm_option_t kAbilities = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE;
  const Access access = AccessFromOptions(request.options);
  if ((request.options & kAbilities) != 0 || !IsValid(access)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const zx_rights_t rights = vmar.rights & vmo.rights;
  if (!HasRights(rights, RightsFor(access))) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  PAGODA_TRY(CheckWriteAndExecute(caller, access));
  request.vmo = vmo.object->vmo_reference();
  request.vmo_rights = AccessFromRights(rights);
  return MapAndTell(caller, vmar.object->vmar(), request, mapped_address);
}

// The rights that a region's first handle has beyond those of every region: what may be mapped in it.
zx_rights_t RightsOfRegion(const Vmar& vmar) {
  return ZX_DEFAULT_VMAR_RIGHTS | RightsFor(AccessFromAbilities(vmar.abilities()));
}

// Tells the program about a new region; the handle last, so that its variable keeps its value if anything fails.
Result<> GiveRegion(Caller& caller, const RefPtr<Vmar>& vmar, UserOut<zx_handle_t> child,
                    UserOut<zx_vaddr_t> child_address) {
  RefPtr<VmarDispatcher> dispatcher = VmarDispatcher::Create(vmar);
  if (!dispatcher) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY(child_address.Write(caller, vmar->base()));
  return GiveHandle(caller, child, Handle(std::move(dispatcher), RightsOfRegion(*vmar)));
}

Result<> Allocate(Caller& caller, zx_handle_t parent, const Vmar::Placement& placement, UserOut<zx_handle_t> child,
                  UserOut<zx_vaddr_t> child_address) {
  const zx_rights_t rights = RightsFor(AccessFromAbilities(placement.options));
  PAGODA_TRY_ASSIGN(const RefPtr<VmarDispatcher> vmar, caller.handles().Get<VmarDispatcher>(parent, rights));
  PAGODA_TRY_ASSIGN(const RefPtr<Vmar> made, vmar->vmar().Allocate(placement));
  if (Result<> given = GiveRegion(caller, made, child, child_address); !given) {
    (void)StatusOf(made->Destroy());  // unless that has happened while the copies waited
    return given;
  }
  return {};
}

struct RangeOpEntry {
  uint32_t number;
  RangeOp op;
  zx_rights_t rights;  // that the handle to the region must have
};

constexpr RangeOpEntry kRangeOps[] = {{ZX_VMAR_OP_COMMIT, RangeOp::kCommit, ZX_RIGHT_WRITE},
                                      {ZX_VMAR_OP_DECOMMIT, RangeOp::kDecommit, ZX_RIGHT_WRITE},
                                      {ZX_VMAR_OP_MAP_RANGE, RangeOp::kMapRange, ZX_RIGHT_NONE},
                                      {ZX_VMAR_OP_ZERO, RangeOp::kZero, ZX_RIGHT_WRITE},
                                      {ZX_VMAR_OP_DONT_NEED, RangeOp::kDontNeed, ZX_RIGHT_NONE},
                                      {ZX_VMAR_OP_ALWAYS_NEED, RangeOp::kAlwaysNeed, ZX_RIGHT_NONE},
                                      {ZX_VMAR_OP_PREFETCH, RangeOp::kPrefetch, ZX_RIGHT_READ}};

// Null: no such operation.
const RangeOpEntry* FindRangeOp(uint32_t number) {
  for (const RangeOpEntry& entry : kRangeOps) {
    if (entry.number == number) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace

Status vmar_op_range(Caller& caller, zx_handle_t handle, uint32_t op, VirtualAddress address, uint64_t size,
                     UserInBytes buffer, size_t buffer_size) {
  const auto vmar = GetWithRights<VmarDispatcher>(caller, handle, ZX_RIGHT_NONE);
  if (!vmar) {
    return vmar.error();
  }
  const RangeOpEntry* entry = FindRangeOp(op);
  if (entry == nullptr || buffer.address != 0 || buffer_size != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  if (!HasRights(vmar->rights, entry->rights)) {
    return Status(ZX_ERR_ACCESS_DENIED);
  }
  const bool may_reach_children = HasRights(vmar->rights, ZX_RIGHT_OP_CHILDREN);
  return StatusOf(vmar->object->vmar().OpRange(entry->op, address, size, may_reach_children));
}

Status vmar_allocate(Caller& caller, zx_handle_t parent, zx_vm_option_t options, uint64_t offset, uint64_t size,
                     UserOut<zx_handle_t> child, UserOut<zx_vaddr_t> child_address) {
  return StatusOf(Allocate(caller, parent, {.offset = offset, .size = size, .options = options}, child, child_address));
}

Status vmar_destroy(Caller& caller, zx_handle_t handle) {
  const auto vmar = caller.handles().Get<VmarDispatcher>(handle, ZX_RIGHT_OP_CHILDREN);
  return vmar.ok() ? StatusOf((*vmar)->vmar().Destroy()) : vmar.error();
}

Status vmar_map(Caller& caller, zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset, zx_handle_t vmo,
                uint64_t vmo_offset, uint64_t length, UserOut<zx_vaddr_t> mapped_address) {
  return StatusOf(
      Map(caller, handle, vmo,
          {.vmo = nullptr, .vmo_offset = vmo_offset, .length = length, .vmar_offset = vmar_offset, .options = options},
          mapped_address));
}

Status vmar_unmap(Caller& caller, zx_handle_t handle, VirtualAddress address, uint64_t length) {
  const auto vmar = GetWithRights<VmarDispatcher>(caller, handle, ZX_RIGHT_NONE);
  if (!vmar) {
    return vmar.error();
  }
  if (LacksChildRight(*vmar, address, length)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(vmar->object->vmar().Unmap(address, length));
}

Status vmar_protect(Caller& caller, zx_handle_t handle, zx_vm_option_t options, VirtualAddress address,
                    uint64_t length) {
  const Access access = AccessFromOptions(options);
  const auto vmar = GetWithRights<VmarDispatcher>(caller, handle, RightsFor(access));
  if (!vmar) {
    return vmar.error();
  }
  if (!IsValid(access) || LacksChildRight(*vmar, address, length)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  if (const Result<> allowed = CheckWriteAndExecute(caller, access); !allowed) {
    return allowed.error();
  }
  return StatusOf(vmar->object->vmar().Protect(address, length, options));
}

}  // namespace gk::syscall
