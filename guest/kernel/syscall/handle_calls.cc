// Calls on handles.
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {

Status handle_close(Caller& caller, zx_handle_t handle) {
  if (handle == ZX_HANDLE_INVALID) {
    return Status(ZX_OK);
  }
  return Status(caller.handles().Remove(handle) ? ZX_OK : ZX_ERR_BAD_HANDLE);
}

Status handle_close_many(Caller& caller, UserIn<zx_handle_t> handles, size_t count) {
  Status result(ZX_OK);
  for (size_t i = 0; i < count; ++i) {
    const Result<zx_handle_t> handle =
        UserIn<zx_handle_t>{.address = handles.address + i * sizeof(zx_handle_t)}.Read(caller);
    if (!handle) {
      return handle.error();
    }
    // All are closed, whatever is wrong with some of them.
    if (const Status closed = handle_close(caller, *handle); !closed.ok()) {
      result = closed;
    }
  }
  return result;
}

Status handle_replace(Caller& caller, zx_handle_t handle, zx_rights_t rights, UserOut<zx_handle_t> out) {
  // The old handle goes in any case.
  const Handle source = caller.handles().Remove(handle);
  if (!source) {
    return Status(ZX_ERR_BAD_HANDLE);
  }
  if (rights == ZX_RIGHT_SAME_RIGHTS) {
    rights = source.rights();
  } else if (!HasRights(source.rights(), rights)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(GiveHandle(caller, out, Handle(source.object(), rights)));
}

Status handle_duplicate(Caller& caller, zx_handle_t handle, zx_rights_t rights, UserOut<zx_handle_t> out) {
  const Handle* source = caller.handles().Find(handle);
  if (source == nullptr) {
    return Status(ZX_ERR_BAD_HANDLE);
  }
  if (!HasRights(source->rights(), ZX_RIGHT_DUPLICATE)) {
    return Status(ZX_ERR_ACCESS_DENIED);
  }
  if (rights == ZX_RIGHT_SAME_RIGHTS) {
    rights = source->rights();
  } else if (!HasRights(source->rights(), rights)) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(GiveHandle(caller, out, Handle(source->object(), rights)));
}

}  // namespace gk::syscall
