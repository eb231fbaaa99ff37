// Stopping tasks from outside, and the registers of a stopped thread.
#include <zircon/syscalls/debug.h>

#include "guest/kernel/object/suspend_token.h"
#include "guest/kernel/syscall/calls.h"
#include "shared/base/range.h"

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

// Handle first, then kind and size of the state, then whether the thread stands still.
Result<> CheckState(uint32_t kind, size_t size) {
  if (kind != ZX_THREAD_STATE_GENERAL_REGS) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  return size < sizeof(zx_thread_state_general_regs_t) ? Result<>(Error(ZX_ERR_BUFFER_TOO_SMALL)) : Result<>();
}

zx_thread_state_general_regs_t ToGeneralRegisters(const arch::UserState& state) {
  const UserRegisters& r = state.registers;
  return {.rax = r.rax,
          .rbx = r.rbx,
          .rcx = r.rcx,
          .rdx = r.rdx,
          .rsi = r.rsi,
          .rdi = r.rdi,
          .rbp = r.rbp,
          .rsp = r.rsp,
          .r8 = r.r8,
          .r9 = r.r9,
          .r10 = r.r10,
          .r11 = r.r11,
          .r12 = r.r12,
          .r13 = r.r13,
          .r14 = r.r14,
          .r15 = r.r15,
          .rip = r.rip,
          .rflags = r.rflags,
          .fs_base = state.fs_base,
          .gs_base = state.gs_base};
}

// The flags that user code may set for itself: CF PF AF ZF SF TF DF OF NT AC ID (SDM volume 1, section 3.4.3).
constexpr uint64_t kUserFlags = 0x254dd5;

bool IsUserAddress(uint64_t address) { return address < AddressSpace::kUserEnd; }

// What would fault in ring 0, or give user code more than it has, is refused or left as it was.
Result<> FromGeneralRegisters(const zx_thread_state_general_regs_t& from, arch::UserState& state) {
  if (!IsUserAddress(from.rip) || !IsUserAddress(from.fs_base) || !IsUserAddress(from.gs_base)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  state.registers = {.rax = from.rax,
                     .rbx = from.rbx,
                     .rcx = from.rcx,
                     .rdx = from.rdx,
                     .rsi = from.rsi,
                     .rdi = from.rdi,
                     .rbp = from.rbp,
                     .rsp = from.rsp,
                     .r8 = from.r8,
                     .r9 = from.r9,
                     .r10 = from.r10,
                     .r11 = from.r11,
                     .r12 = from.r12,
                     .r13 = from.r13,
                     .r14 = from.r14,
                     .r15 = from.r15,
                     .rip = from.rip,
                     .rflags = (from.rflags & kUserFlags) | (state.registers.rflags & ~kUserFlags)};
  state.fs_base = from.fs_base;
  state.gs_base = from.gs_base;
  return {};
}

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
  PAGODA_TRY(CheckState(kind, size));
  PAGODA_TRY_ASSIGN(const arch::UserState* state, StoppedState(*thread));
  const zx_thread_state_general_regs_t registers = ToGeneralRegisters(*state);
  return CopyToUser(caller.address_space(), buffer.address, registers);
}

Result<> WriteState(Caller& caller, zx_handle_t handle, uint32_t kind, UserInBytes buffer, size_t size) {
  PAGODA_TRY_ASSIGN(const RefPtr<ThreadDispatcher> thread,
                    caller.handles().Get<ThreadDispatcher>(handle, ZX_RIGHT_WRITE));
  PAGODA_TRY(CheckState(kind, size));
  using Registers = zx_thread_state_general_regs_t;
  PAGODA_TRY_ASSIGN(const Registers registers, UserIn<Registers>{.address = buffer.address}.Read(caller));
  PAGODA_TRY_ASSIGN(arch::UserState * state, StoppedState(*thread));
  return FromGeneralRegisters(registers, *state);
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
