#include <utility>

#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/vmar.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kPlacing =
    ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_OFFSET_IS_UPPER_LIMIT | (~0u << ZX_VM_ALIGN_BASE);
constexpr zx_vm_option_t kMapOptions =
    kPlacing | ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED |
    ZX_VM_MAP_RANGE | ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS | ZX_VM_FAULT_BEYOND_STREAM_SIZE;

bool AreOptionsValid(zx_vm_option_t options, Access access) {
  const bool overwrite = (options & ZX_VM_SPECIFIC_OVERWRITE) != 0;
  if ((options & ZX_VM_FAULT_BEYOND_STREAM_SIZE) != 0 && (options & ZX_VM_ALLOW_FAULTS) == 0) {
    return false;
  }
  return (options & ~kMapOptions) == 0 && (access.read || (!access.write && !access.execute)) &&
         !(overwrite && (options & ZX_VM_MAP_RANGE) != 0);
}

// What ZX_VM_ALLOW_FAULTS gives leave to; see ApiPolicy.
Result<> CheckFaultsAllowed(const MapRequest& request) {
  const Vmo& vmo = *request.vmo;
  if ((request.options & ZX_VM_ALLOW_FAULTS) != 0) {
    return {};
  }
  if (vmo.content().discardable() != nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (api_policy == ApiPolicy::kZircon) {
    return {};
  }
  if (vmo.resizable() || vmo.page_source() != nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (!base::RangeFits(request.vmo_offset, request.length, vmo.size())) {
    return Error(ZX_ERR_BUFFER_TOO_SMALL);
  }
  return {};
}

// Rounds a length where that is what the policy says. ZX_ERR_INVALID_ARGS, ZX_ERR_OUT_OF_RANGE: vmo_offset + length
// wraps.
Result<uint64_t> CheckedLength(const MapRequest& request) {
  if (request.length == 0 || !base::IsPageAligned(request.vmo_offset) ||
      (api_policy == ApiPolicy::kDocumented && !base::IsPageAligned(request.length))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const uint64_t length = base::AlignUp(request.length, kPageSize);
  if (base::AlignUpOverflows(request.length, kPageSize) || request.vmo_offset > UINT64_MAX - length) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  return length;
}

}  // namespace

Result<> Vmar::CheckMap(const MapRequest& request, Access access) const {
  if (!IsSubset(access, Intersect(request.vmo_rights, AccessFromAbilities(abilities_)))) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  if ((request.options & ZX_VM_REQUIRE_NON_RESIZABLE) != 0 && request.vmo->resizable()) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  return CheckFaultsAllowed(request);
}

Result<VirtualAddress> Vmar::Map(const MapRequest& request) {
  if (!alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  const Access access = AccessFromOptions(request.options);
  if (!AreOptionsValid(request.options, access)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(const uint64_t length, CheckedLength(request));
  PAGODA_TRY(CheckMap(request, access));
  PAGODA_TRY_ASSIGN(const VirtualAddress address,
                    FindPlace({.offset = request.vmar_offset, .size = length, .options = request.options & kPlacing}));
  RefPtr<Mapping> mapping =
      Mapping::Create(*space_, {.base = address,
                                .size = length,
                                .vmo = request.vmo,
                                .vmo_offset = request.vmo_offset,
                                .access = access,
                                .allowed = Intersect(request.vmo_rights, AccessFromAbilities(abilities_)),
                                .ends_with_content = (request.options & ZX_VM_FAULT_BEYOND_STREAM_SIZE) != 0});
  if (!mapping) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  if ((request.options & ZX_VM_SPECIFIC_OVERWRITE) != 0 && !IsFree(address, length)) {
    if (TouchesRegion(address, length)) {
      return Error(ZX_ERR_INVALID_ARGS);
    }
    PAGODA_TRY(SplitMappingsAtEnds(address, length));
    RemoveRange(address, length);
  }
  InsertChild(mapping);
  if ((request.options & ZX_VM_MAP_RANGE) != 0) {
    space_->EnterPresent(*mapping, address, length);
  }
  JoinMappingsAt(address + length);
  JoinMappingsAt(address);
  return address;
}

}  // namespace gk
