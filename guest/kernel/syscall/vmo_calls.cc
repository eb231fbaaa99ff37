// Calls on VMOs.
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/vmo.h"
#include "guest/kernel/vm/vmo_transfer.h"

namespace gk::syscall {
namespace {

Result<> CreateVmo(Caller& caller, uint64_t size, Resizability resizability, UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::Create(size, resizability));
  const zx_rights_t rights = VmoDispatcher::DefaultRights(*vmo);
  RefPtr<VmoDispatcher> dispatcher = VmoDispatcher::Create(std::move(vmo));
  if (!dispatcher) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(dispatcher), rights));
}

}  // namespace

Status vmo_create(Caller& caller, uint64_t size, uint32_t options, UserOut<zx_handle_t> out) {
  if ((options & ~ZX_VMO_RESIZABLE) != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Resizability resizability = options != 0 ? Resizability::kResizable : Resizability::kFixed;
  return StatusOf(CreateVmo(caller, size, resizability, out));
}

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

}  // namespace gk::syscall
