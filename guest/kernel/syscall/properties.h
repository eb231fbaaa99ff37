// Properties of objects: how zx_object_get_property and zx_object_set_property come from a number to a function.
//
// A property is a getter and a setter, either of which may be missing; property_calls.cc has the table. Each checks
// size, then type, then value, in that order; the right has been checked before.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/syscall/caller.h"
#include "guest/kernel/syscall/user_pointer.h"

namespace gk::syscall {

using PropertyGetter = Status (*)(Caller& caller, const RefPtr<Dispatcher>& object, UserOutBytes value, size_t size);
using PropertySetter = Status (*)(Caller& caller, const RefPtr<Dispatcher>& object, UserInBytes value, size_t size);

// A getter for one value of type T of objects of class Object; `read` is Result<T>(Object&).
template <typename Object, typename T, auto read>
Status GetValue(Caller& caller, const RefPtr<Dispatcher>& object, UserOutBytes value, size_t size) {
  if (size < sizeof(T)) {
    return Status(ZX_ERR_BUFFER_TOO_SMALL);
  }
  const RefPtr<Object> typed = DownCast<Object>(object);
  if (!typed) {
    return Status(ZX_ERR_WRONG_TYPE);
  }
  const Result<T> result = read(*typed);
  return result ? StatusOf(UserOut<T>{value.address}.Write(caller, *result)) : result.error();
}

// The setter; `write` is Result<>(Object&, T).
template <typename Object, typename T, auto write>
Status SetValue(Caller& caller, const RefPtr<Dispatcher>& object, UserInBytes value, size_t size) {
  if (size < sizeof(T)) {
    return Status(ZX_ERR_BUFFER_TOO_SMALL);
  }
  const RefPtr<Object> typed = DownCast<Object>(object);
  if (!typed) {
    return Status(ZX_ERR_WRONG_TYPE);
  }
  const Result<T> wanted = UserIn<T>{value.address}.Read(caller);
  return wanted ? StatusOf(write(*typed, *wanted)) : wanted.error();
}

}  // namespace gk::syscall
