#include "guest/kernel/syscall/user_pointer.h"

namespace gk::syscall {

Result<> GiveHandle(Caller& caller, UserOut<zx_handle_t> out, Handle handle) {
  PAGODA_TRY_ASSIGN(HandleReservation reservation, caller.handles().Reserve());
  PAGODA_TRY(out.Write(caller, reservation.value()));
  reservation.Commit(std::move(handle));
  return {};
}

}  // namespace gk::syscall
