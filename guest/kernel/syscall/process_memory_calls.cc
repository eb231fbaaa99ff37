// The memory of another process.
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/process_memory.h"

namespace gk::syscall {
namespace {

// As in the real system: enough for a debugger, and a bound for how long a call takes.
constexpr size_t kMaxBlock = size_t{64} << 20;

Result<> CopyBlock(Caller& caller, zx_handle_t handle, VirtualAddress address, VirtualAddress buffer, size_t length,
                   VmoTransfer::Direction direction, UserOut<size_t> actual) {
  const zx_rights_t right = direction == VmoTransfer::Direction::kToUser ? ZX_RIGHT_READ : ZX_RIGHT_WRITE;
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process, caller.handles().Get<ProcessDispatcher>(handle, right));
  if (buffer == 0 || length == 0 || length > kMaxBlock) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const RefPtr<AddressSpace> target = process->address_space_reference();
  if (!target->root().alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY_ASSIGN(const uint64_t copied,
                    CopyProcessMemory(*target, address, caller.address_space(), buffer, length, direction));
  return actual.Write(caller, copied);
}

}  // namespace

Status process_read_memory(Caller& caller, zx_handle_t handle, VirtualAddress address, UserOutBytes buffer,
                           size_t length, UserOut<size_t> actual) {
  return StatusOf(CopyBlock(caller, handle, address, buffer.address, length, VmoTransfer::Direction::kToUser, actual));
}

Status process_write_memory(Caller& caller, zx_handle_t handle, VirtualAddress address, UserInBytes buffer,
                            size_t length, UserOut<size_t> actual) {
  return StatusOf(CopyBlock(caller, handle, address, buffer.address, length, VmoTransfer::Direction::kToVmo, actual));
}

}  // namespace gk::syscall
