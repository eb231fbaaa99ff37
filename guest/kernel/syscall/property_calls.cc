// Calls on properties of objects, and the table of all properties.
#include <zircon/syscalls/object.h>

#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/syscall/properties.h"

namespace gk::syscall {
namespace {

Status GetName(Caller& caller, const RefPtr<Dispatcher>& object, UserOutBytes value, size_t size) {
  if (size < ZX_MAX_NAME_LEN) {
    return Status(ZX_ERR_BUFFER_TOO_SMALL);
  }
  const ObjectName* name = object->name();
  if (name == nullptr) {
    return Status(ZX_ERR_WRONG_TYPE);
  }
  return StatusOf(CopyToUser(caller.address_space(), value.address, name->bytes()));
}

// A name that is too long is cut: its end need not even be readable.
Status SetName(Caller& caller, const RefPtr<Dispatcher>& object, UserInBytes value, size_t size) {
  std::array<char, ZX_MAX_NAME_LEN> text{};
  const size_t length = size < text.size() ? size : text.size() - 1;
  const Result<> read = CopyFromUser(caller.address_space(), text.data(), value.address, length);
  return read ? object->SetName(ObjectName(std::span<const char>(text.data(), length))) : StatusOf(read);
}

Result<uint64_t> ReadContentSize(VmoDispatcher& vmo) { return vmo.vmo().content_size(); }
Result<> WriteContentSize(VmoDispatcher& vmo, uint64_t size) { return vmo.vmo().SetContentSizeAndZero(size); }

Result<uint32_t> ReadAnswer(ExceptionDispatcher& exception) { return exception.answer(); }
Result<> WriteAnswer(ExceptionDispatcher& exception, uint32_t state) { return exception.SetAnswer(state); }
Result<uint32_t> ReadStrategy(ExceptionDispatcher& exception) { return exception.Strategy(); }
Result<> WriteStrategy(ExceptionDispatcher& exception, uint32_t strategy) { return exception.SetStrategy(strategy); }

struct Property {
  uint32_t number;
  PropertyGetter get;  // null: nobody may know
  PropertySetter set;  // null: nobody may change it
};

constexpr Property kProperties[] = {
    {ZX_PROP_NAME, &GetName, &SetName},
    {ZX_PROP_EXCEPTION_STATE, &GetValue<ExceptionDispatcher, uint32_t, &ReadAnswer>,
     &SetValue<ExceptionDispatcher, uint32_t, &WriteAnswer>},
    {ZX_PROP_EXCEPTION_STRATEGY, &GetValue<ExceptionDispatcher, uint32_t, &ReadStrategy>,
     &SetValue<ExceptionDispatcher, uint32_t, &WriteStrategy>},
    {ZX_PROP_VMO_CONTENT_SIZE, &GetValue<VmoDispatcher, uint64_t, &ReadContentSize>,
     &SetValue<VmoDispatcher, uint64_t, &WriteContentSize>},
};

const Property* FindProperty(uint32_t number) {
  for (const Property& property : kProperties) {
    if (property.number == number) {
      return &property;
    }
  }
  return nullptr;
}

}  // namespace

Status object_get_property(Caller& caller, zx_handle_t handle, uint32_t property, UserOutBytes value, size_t size) {
  const Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(handle, ZX_RIGHT_GET_PROPERTY);
  if (!object) {
    return object.error();
  }
  const Property* found = FindProperty(property);
  const bool readable = found != nullptr && found->get != nullptr;
  return readable ? found->get(caller, *object, value, size) : Status(ZX_ERR_INVALID_ARGS);
}

Status object_set_property(Caller& caller, zx_handle_t handle, uint32_t property, UserInBytes value, size_t size) {
  const Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(handle, ZX_RIGHT_SET_PROPERTY);
  if (!object) {
    return object.error();
  }
  const Property* found = FindProperty(property);
  const bool writable = found != nullptr && found->set != nullptr;
  return writable ? found->set(caller, *object, value, size) : Status(ZX_ERR_INVALID_ARGS);
}

}  // namespace gk::syscall
