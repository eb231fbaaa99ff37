// Stopping tasks from outside, and the registers of a stopped thread.
#include <array>
#include <cstddef>

#include "guest/kernel/object/suspend_token.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/syscall/thread_state.h"

namespace gk::syscall {
namespace {

Result<> Suspend(Caller& caller, zx_handle_t handle, UserOut<zx_handle_t> token_out) {
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> task, caller.handles().GetAny(handle, ZX_RIGHT_WRITE));
  // Nobody could take the token back.
  if (task.get() == &caller.thread || task.get() == &caller.process) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  PAGODA_TRY_ASSIGN(RefPtr<SuspendTokenDispatcher> token, SuspendTokenDispatcher::Create(task));
  return GiveHandle(caller, token_out, Handle(std::move(token), ZX_DEFAULT_SUSPEND_TOKEN_RIGHTS));
}

Result<const ThreadStateForm*> FindForm(uint32_t kind, size_t size) {
  const ThreadStateForm* form = FindThreadStateForm(kind);
  if (form == nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (size < form->size) {
    return Error(ZX_ERR_BUFFER_TOO_SMALL);
  }
  return form;
}

// Asked for right before the registers are used: nothing that blocks may come between.
Result<arch::UserState*> StoppedState(ThreadDispatcher& thread) {
  arch::UserState* state = thread.StoppedState();
  if (state == nullptr) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return state;
}

Result<> ReadState(Caller& caller, zx_handle_t handle, uint32_t kind, UserOutBytes buffer, size_t size) {
  PAGODA_TRY_ASSIGN(const RefPtr<ThreadDispatcher> thread,
                    caller.handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_READ));
  PAGODA_TRY_ASSIGN(const ThreadStateForm* form, FindForm(kind, size));
  std::array<std::byte, kMaxThreadStateSize> bytes;
  {
    PAGODA_TRY_ASSIGN(const arch::UserState* state, StoppedState(*thread));
    form->read(*state, bytes.data());
  }
  return CopyToUser(caller.address_space(), buffer.address, bytes.data(), form->size);
}

Result<> WriteState(Caller& caller, zx_handle_t handle, uint32_t kind, UserInBytes buffer, size_t size) {
  PAGODA_TRY_ASSIGN(const RefPtr<ThreadDispatcher> thread,
                    caller.handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const ThreadStateForm* form, FindForm(kind, size));
  std::array<std::byte, kMaxThreadStateSize> bytes;
  PAGODA_TRY(CopyFromUser(caller.address_space(), bytes.data(), buffer.address, form->size));
  PAGODA_TRY_ASSIGN(arch::UserState * state, StoppedState(*thread));
  return form->write(bytes.data(), *state);
}

}  // namespace

Status task_suspend(Caller& caller, zx_handle_t task, UserOut<zx_handle_t> token) {
  return StatusOf(Suspend(caller, task, token));
}

Status thread_read_state(Caller& caller, zx_handle_t thread, uint32_t kind, UserOutBytes buffer, size_t size) {
  return StatusOf(ReadState(caller, thread, kind, buffer, size));
}

Status thread_write_state(Caller& caller, zx_handle_t thread, uint32_t kind, UserInBytes buffer, size_t size) {
  return StatusOf(WriteState(caller, thread, kind, buffer, size));
}

}  // namespace gk::syscall
