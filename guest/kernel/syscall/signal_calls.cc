// Calls on objects that are signals, and on the signals of any object.
#include "guest/kernel/object/event_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

Result<> CreateEvent(Caller& caller, UserOut<zx_handle_t> out) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_EVENT));
  RefPtr<EventDispatcher> event = EventDispatcher::Create();
  if (!event) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(event), ZX_DEFAULT_EVENT_RIGHTS));
}

Result<> CreateEventPair(Caller& caller, UserOut<zx_handle_t> first, UserOut<zx_handle_t> second) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_EVENTPAIR));
  PAGODA_TRY_ASSIGN(EventPairDispatcher::Ends ends, EventPairDispatcher::Create());
  return GiveHandles(caller, first, Handle(std::move(ends.first), ZX_DEFAULT_EVENTPAIR_RIGHTS), second,
                     Handle(std::move(ends.second), ZX_DEFAULT_EVENTPAIR_RIGHTS));
}

Status UpdateUserSignals(Dispatcher& object, zx_signals_t clear, zx_signals_t set) {
  if (((clear | set) & ~object.user_signals()) != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  object.UpdateSignals(clear, set);
  return Status(ZX_OK);
}

}  // namespace

Status event_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  if (options != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(CreateEvent(caller, out));
}

Status eventpair_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> first, UserOut<zx_handle_t> second) {
  if (options != 0) {
    return Status(ZX_ERR_NOT_SUPPORTED);
  }
  return StatusOf(CreateEventPair(caller, first, second));
}

Status object_signal(Caller& caller, zx_handle_t handle, zx_signals_t clear, zx_signals_t set) {
  const Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(handle, ZX_RIGHT_SIGNAL);
  if (!object) {
    return object.error();
  }
  return UpdateUserSignals(**object, clear, set);
}

Status object_signal_peer(Caller& caller, zx_handle_t handle, zx_signals_t clear, zx_signals_t set) {
  const Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(handle, ZX_RIGHT_SIGNAL_PEER);
  if (!object) {
    return object.error();
  }
  // What is allowed is the same at both ends, and is judged whether or not the peer is there.
  if (((clear | set) & ~(*object)->user_signals()) != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Result<RefPtr<Dispatcher>> peer = (*object)->Peer();
  if (!peer) {
    return peer.error();
  }
  return UpdateUserSignals(**peer, clear, set);
}

}  // namespace gk::syscall
