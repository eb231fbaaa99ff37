// Calls on resources.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

struct ResourceRequest {
  ResourceRange range;
  uint32_t flags;
  UserInBytes name;
  size_t name_size;
};

Result<ObjectName> CopyName(Caller& caller, UserInBytes name, size_t size) {
  std::array<char, ZX_MAX_NAME_LEN> copied;
  const size_t length = Min(size, copied.size());
  PAGODA_TRY(CopyFromUser(caller.address_space(), copied.data(), name.address, length));
  return ObjectName({copied.data(), length});
}

// A resource other than the root hands on only what it is itself.
bool MayHandOn(const ResourceDispatcher& parent, const ResourceRange& child) {
  return parent.range().kind == ZX_RSRC_KIND_ROOT || parent.Grants(child) == Grant::kYes;
}

Result<> CreateResource(Caller& caller, zx_handle_t parent_handle, const ResourceRequest& request,
                        UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(const RefPtr<ResourceDispatcher> parent,
                    caller.handles().Get<ResourceDispatcher>(parent_handle, ZX_RIGHT_WRITE));
  if (request.range.kind >= ZX_RSRC_KIND_COUNT || (request.flags & ~ZX_RSRC_FLAGS_MASK) != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!MayHandOn(*parent, request.range)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  PAGODA_TRY_ASSIGN(const ObjectName name, CopyName(caller, request.name, request.name_size));
  PAGODA_TRY_ASSIGN(RefPtr<ResourceDispatcher> resource,
                    ResourceDispatcher::Create(request.range, request.flags != 0, name));
  return GiveHandle(caller, out, Handle(std::move(resource), ZX_DEFAULT_RESOURCE_RIGHTS));
}

}  // namespace

Status resource_create(Caller& caller, zx_handle_t parent, uint32_t options, uint64_t base, uint64_t size,
                       UserInBytes name, size_t name_size, UserOut<zx_handle_t> out) {
  const ResourceRequest request = {.range = {ZX_RSRC_EXTRACT_KIND(options), base, size},
                                   .flags = ZX_RSRC_EXTRACT_FLAGS(options),
                                   .name = name,
                                   .name_size = name_size};
  return StatusOf(CreateResource(caller, parent, request, out));
}

}  // namespace gk::syscall
