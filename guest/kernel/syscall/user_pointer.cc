#include "guest/kernel/syscall/user_pointer.h"

namespace gk::syscall {

Result<ObjectName> ReadObjectName(Caller& caller, UserInBytes name, size_t size) {
  std::array<char, ZX_MAX_NAME_LEN> buffer{};
  const size_t length = size < buffer.size() ? size : buffer.size();
  PAGODA_TRY(CopyFromUser(caller.address_space(), buffer.data(), name.address, length));
  return ObjectName(std::span<const char>(buffer.data(), length));
}

Result<> GiveHandle(Caller& caller, UserOut<zx_handle_t> out, Handle handle) {
  PAGODA_TRY_ASSIGN(HandleReservation reservation, caller.handles().Reserve());
  PAGODA_TRY(out.Write(caller, reservation.value()));
  reservation.Commit(std::move(handle));
  return {};
}

Result<> GiveHandles(Caller& caller, UserOut<zx_handle_t> first_out, Handle first, UserOut<zx_handle_t> second_out,
                     Handle second) {
  PAGODA_TRY_ASSIGN(HandleReservation first_place, caller.handles().Reserve());
  PAGODA_TRY_ASSIGN(HandleReservation second_place, caller.handles().Reserve());
  PAGODA_TRY(first_out.Write(caller, first_place.value()));
  PAGODA_TRY(second_out.Write(caller, second_place.value()));
  first_place.Commit(std::move(first));
  second_place.Commit(std::move(second));
  return {};
}

}  // namespace gk::syscall
