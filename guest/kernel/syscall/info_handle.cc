// Topics about handles, for objects of any type.
#include <zircon/syscalls/object.h>

#include "guest/kernel/syscall/info_topics.h"

namespace gk::syscall {

Result<> InfoHandleValid(Caller& caller, zx_handle_t handle, InfoSink& /*sink*/) {
  PAGODA_TRY(caller.handles().GetAny(handle, ZX_RIGHT_NONE));
  return {};
}

// Needs no right: whoever has a handle may know what it is, and which rights it has.
Result<> InfoHandleBasic(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> object, caller.handles().GetAny(handle, ZX_RIGHT_NONE));
  zx_info_handle_basic_t info{};
  info.koid = object->koid();
  info.rights = caller.handles().Find(handle)->rights();
  info.type = object->type();
  info.related_koid = object->related_koid();
  return sink.SetOnly(info);
}

Result<> InfoHandleCount(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> object, caller.handles().GetAny(handle, ZX_RIGHT_INSPECT));
  return sink.SetOnly(zx_info_handle_count_t{.handle_count = object->handle_count()});
}

}  // namespace gk::syscall
