// Calls on VMOs that exist: their bytes, their sizes, their cache policy. Making them: vmo_create_calls.cc.
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/vmo.h"
#include "guest/kernel/vm/vmo_transfer.h"

namespace gk::syscall {
namespace {

Result<> Resize(Caller& caller, zx_handle_t handle, uint64_t size) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo, caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_NONE));
  if (!vmo->vmo().resizable()) {
    return Error(ZX_ERR_UNAVAILABLE);  // before the rights: programs rely on it
  }
  PAGODA_TRY(caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_WRITE | ZX_RIGHT_RESIZE));
  return vmo->vmo().Resize(size);
}

Result<> SetStreamSize(Caller& caller, zx_handle_t handle, uint64_t size) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo, caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_WRITE));
  return vmo->vmo().SetStreamSize(size);
}

}  // namespace

Status vmo_read(Caller& caller, zx_handle_t handle, UserOutBytes buffer, uint64_t offset, size_t length) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_READ);
  if (!vmo) {
    return vmo.error();
  }
  return StatusOf(ReadVmoToUser(caller.address_space(), buffer.address, (*vmo)->vmo(), offset, length));
}

Status vmo_write(Caller& caller, zx_handle_t handle, UserInBytes buffer, uint64_t offset, size_t length) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_WRITE);
  if (!vmo) {
    return vmo.error();
  }
  return StatusOf(WriteVmoFromUser(caller.address_space(), buffer.address, (*vmo)->vmo(), offset, length));
}

Status vmo_get_size(Caller& caller, zx_handle_t handle, UserOut<uint64_t> size) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_NONE);
  if (!vmo) {
    return vmo.error();
  }
  return StatusOf(size.Write(caller, (*vmo)->vmo().size()));
}

Status vmo_set_size(Caller& caller, zx_handle_t handle, uint64_t size) {
  return StatusOf(Resize(caller, handle, size));
}

Status vmo_get_stream_size(Caller& caller, zx_handle_t handle, UserOut<uint64_t> size) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_NONE);
  return vmo ? StatusOf(size.Write(caller, (*vmo)->vmo().content_size())) : vmo.error();
}

Status vmo_set_stream_size(Caller& caller, zx_handle_t handle, uint64_t size) {
  return StatusOf(SetStreamSize(caller, handle, size));
}

Status vmo_set_cache_policy(Caller& caller, zx_handle_t handle, uint32_t policy) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_MAP);
  return vmo ? StatusOf((*vmo)->vmo().SetCachePolicy(policy)) : vmo.error();
}

}  // namespace gk::syscall
