// Calls on ports, and waits whose result goes to a port.
#include "guest/kernel/object/port_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

constexpr uint32_t kWaitAsyncOptions = ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_EDGE;

Result<> CreatePort(Caller& caller, UserOut<zx_handle_t> out) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_PORT));
  RefPtr<PortDispatcher> port = PortDispatcher::Create();
  if (!port) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(port), ZX_DEFAULT_PORT_RIGHTS));
}

Result<> QueuePacket(Caller& caller, zx_handle_t handle, UserIn<zx_port_packet_t> packet) {
  PAGODA_TRY_ASSIGN(const RefPtr<PortDispatcher> port, caller.handles().Get<PortDispatcher>(handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const zx_port_packet_t contents, packet.Read(caller));
  return port->QueueUser(contents);
}

Result<> WaitForPacket(Caller& caller, zx_handle_t handle, zx_time_t deadline, UserOutBytes packet) {
  PAGODA_TRY_ASSIGN(const RefPtr<PortDispatcher> port, caller.handles().Get<PortDispatcher>(handle, ZX_RIGHT_READ));
  PAGODA_TRY_ASSIGN(const zx_port_packet_t contents, port->Wait(deadline));
  return CopyToUser(caller.address_space(), packet.address, contents);
}

Result<> WaitAsync(Caller& caller, zx_handle_t handle, zx_handle_t port_handle, const AsyncWait& wait) {
  if ((wait.options & ~kWaitAsyncOptions) != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(const RefPtr<PortDispatcher> port,
                    caller.handles().Get<PortDispatcher>(port_handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> object, caller.handles().GetAny(handle, ZX_RIGHT_WAIT));
  return port->Observe(*object, {.table = &caller.handles(), .value = handle}, wait);
}

Result<> Cancel(Caller& caller, zx_handle_t port_handle, zx_handle_t source, uint64_t key) {
  PAGODA_TRY_ASSIGN(const RefPtr<PortDispatcher> port,
                    caller.handles().Get<PortDispatcher>(port_handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> object, caller.handles().GetAny(source, ZX_RIGHT_WAIT));
  const HandleKey handle{.table = &caller.handles(), .value = source};
  return port->CancelObservers(handle, object->koid(), key) ? Result<>() : Error(ZX_ERR_NOT_FOUND);
}

Result<> CancelKey(Caller& caller, zx_handle_t port_handle, uint64_t key) {
  PAGODA_TRY_ASSIGN(const RefPtr<PortDispatcher> port,
                    caller.handles().Get<PortDispatcher>(port_handle, ZX_RIGHT_WRITE));
  return port->CancelKey(key) ? Result<>() : Error(ZX_ERR_NOT_FOUND);
}

}  // namespace

Status port_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  if ((options & ~ZX_PORT_BIND_TO_INTERRUPT) != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(CreatePort(caller, out));
}

Status port_queue(Caller& caller, zx_handle_t port, UserIn<zx_port_packet_t> packet) {
  return StatusOf(QueuePacket(caller, port, packet));
}

Status port_wait(Caller& caller, zx_handle_t port, zx_time_t deadline, UserOutBytes packet) {
  return StatusOf(WaitForPacket(caller, port, deadline, packet));
}

Status port_cancel(Caller& caller, zx_handle_t port, zx_handle_t source, uint64_t key) {
  return StatusOf(Cancel(caller, port, source, key));
}

Status port_cancel_key(Caller& caller, zx_handle_t port, uint32_t options, uint64_t key) {
  return options != 0 ? Status(ZX_ERR_INVALID_ARGS) : StatusOf(CancelKey(caller, port, key));
}

Status object_wait_async(Caller& caller, zx_handle_t handle, zx_handle_t port, uint64_t key, zx_signals_t signals,
                         uint32_t options) {
  return StatusOf(WaitAsync(caller, handle, port, {.key = key, .signals = signals, .options = options}));
}

}  // namespace gk::syscall
