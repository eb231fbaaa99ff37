// Calls on IOMMUs, bus transaction initiators and pinned memory.
#include <zircon/syscalls/iommu.h>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/object/bti_dispatcher.h"
#include "guest/kernel/object/iommu_dispatcher.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

constexpr uint32_t kPermissions = ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE | ZX_BTI_PERM_EXECUTE;

struct PinRequest {
  uint32_t options;
  uint64_t offset;
  uint64_t length;
  UserOutBytes addresses;
  size_t address_count;
};

template <typename T>
Result<> GiveNew(Caller& caller, RefPtr<T> object, zx_rights_t rights, UserOut<zx_handle_t> out) {
  return object ? GiveHandle(caller, out, Handle(std::move(object), rights)) : Error(ZX_ERR_NO_MEMORY);
}

Result<> CreateIommu(Caller& caller, zx_handle_t resource, uint32_t type, size_t description_size,
                     UserOut<zx_handle_t> out) {
  PAGODA_TRY(RequireResource(caller.handles(), resource, {ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_IOMMU_BASE, 1}));
  if (type != ZX_IOMMU_TYPE_DUMMY) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (description_size != sizeof(zx_iommu_desc_dummy_t)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return GiveNew(caller, IommuDispatcher::Create(), ZX_DEFAULT_IOMMU_RIGHTS, out);
}

Result<> CreateBti(Caller& caller, zx_handle_t iommu, UserOut<zx_handle_t> out) {
  PAGODA_TRY(caller.handles().Get<IommuDispatcher>(iommu, ZX_RIGHT_NONE));
  return GiveNew(caller, BtiDispatcher::Create(), ZX_DEFAULT_BTI_RIGHTS, out);
}

// What a device may do must be allowed to whoever lends it the memory. Execution by a device is reading.
zx_rights_t RightsToPin(uint32_t options) {
  const bool reads = (options & (ZX_BTI_PERM_READ | ZX_BTI_PERM_EXECUTE)) != 0;
  const bool writes = (options & ZX_BTI_PERM_WRITE) != 0;
  return ZX_RIGHT_MAP | (reads ? ZX_RIGHT_READ : 0) | (writes ? ZX_RIGHT_WRITE : 0);
}

// With `one_address` the first says it all.
size_t AddressesToTell(const PinRequest& request, bool one_address) {
  return one_address ? 1 : static_cast<size_t>(request.length / kPageSize);
}

Result<> CheckPin(const PinRequest& request, const Vmo& vmo) {
  const bool contiguous = (request.options & ZX_BTI_CONTIGUOUS) != 0;
  const bool compress = (request.options & ZX_BTI_COMPRESS) != 0;
  if ((request.options & ~(kPermissions | ZX_BTI_COMPRESS | ZX_BTI_CONTIGUOUS)) != 0 ||
      (request.options & kPermissions) == 0 || (contiguous && compress) ||
      (contiguous && vmo.content().kind() == ContentKind::kOnDemand)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (request.length == 0 || request.address_count != AddressesToTell(request, contiguous)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return {};
}

Result<> TellAddresses(Caller& caller, const PmtDispatcher& token, const PinRequest& request) {
  std::array<uint64_t, 64> chunk;
  for (size_t done = 0; done < request.address_count;) {
    const size_t count = Min(chunk.size(), request.address_count - done);
    for (size_t i = 0; i < count; ++i) {
      chunk[i] = token.range().AddressOf(done + i);
    }
    PAGODA_TRY(CopyToUser(caller.address_space(), request.addresses.address + done * sizeof(uint64_t), chunk.data(),
                          count * sizeof(uint64_t)));
    done += count;
  }
  return {};
}

Result<> TellAndGive(Caller& caller, const RefPtr<PmtDispatcher>& token, const PinRequest& request,
                     UserOut<zx_handle_t> out) {
  PAGODA_TRY(TellAddresses(caller, *token, request));
  return GiveHandle(caller, out, Handle(token, ZX_DEFAULT_PMT_RIGHTS));
}

Result<> Pin(Caller& caller, zx_handle_t handle, zx_handle_t vmo_handle, const PinRequest& request,
             UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(RefPtr<BtiDispatcher> bti, caller.handles().Get<BtiDispatcher>(handle, ZX_RIGHT_MAP));
  if (!base::IsPageAligned(request.offset) || !base::IsPageAligned(request.length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo,
                    caller.handles().Get<VmoDispatcher>(vmo_handle, RightsToPin(request.options)));
  PAGODA_TRY(CheckPin(request, vmo->vmo()));
  const bool writes = (request.options & ZX_BTI_PERM_WRITE) != 0;
  const PinAccess access = writes ? PinAccess::kWrite : PinAccess::kRead;
  PAGODA_TRY_ASSIGN(PinnedRange range, PinnedRange::Pin(vmo->vmo_reference(), request.offset, request.length, access));
  const RefPtr<PmtDispatcher> token = PmtDispatcher::Create(std::move(bti), std::move(range));
  if (!token) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  const Result<> given = TellAndGive(caller, token, request, out);
  if (!given) {
    token->Unpin();  // no device has heard of it
  }
  return given;
}

}  // namespace

Status iommu_create(Caller& caller, zx_handle_t resource, uint32_t type, UserInBytes /*description*/,
                    size_t description_size, UserOut<zx_handle_t> out) {
  return StatusOf(CreateIommu(caller, resource, type, description_size, out));
}

Status bti_create(Caller& caller, zx_handle_t iommu, uint32_t options, uint64_t /*bti_id*/, UserOut<zx_handle_t> out) {
  return options != 0 ? Status(ZX_ERR_INVALID_ARGS) : StatusOf(CreateBti(caller, iommu, out));
}

Status bti_pin(Caller& caller, zx_handle_t handle, uint32_t options, zx_handle_t vmo, uint64_t offset, uint64_t length,
               UserOutBytes addresses, size_t address_count, UserOut<zx_handle_t> out) {
  return StatusOf(Pin(caller, handle, vmo, {options, offset, length, addresses, address_count}, out));
}

Status bti_release_quarantine(Caller& caller, zx_handle_t handle) {
  const Result<RefPtr<BtiDispatcher>> bti = caller.handles().Get<BtiDispatcher>(handle, ZX_RIGHT_WRITE);
  if (bti) {
    (*bti)->ReleaseQuarantine();
  }
  return StatusOf(bti);
}

// The handle goes whatever else comes of it.
Status pmt_unpin(Caller& caller, zx_handle_t handle) {
  const Result<RefPtr<PmtDispatcher>> token = caller.handles().Get<PmtDispatcher>(handle, ZX_RIGHT_NONE);
  if (token) {
    (*token)->Unpin();
  }
  (void)caller.handles().Remove(handle);
  return StatusOf(token);
}

}  // namespace gk::syscall
