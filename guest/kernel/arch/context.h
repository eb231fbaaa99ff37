// Switching between kernel threads, and what a user thread carries besides its general registers.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/registers.h"
#include "guest/kernel/arch/stack.h"

namespace gk {
class Thread;
}

namespace gk::arch {

// A kernel thread that is not running: its stack pointer; the registers that calls preserve lie on its stack.
struct KernelContext {
  uint64_t rsp = 0;
};

// The user side of a thread while it is in the kernel. The kernel itself never touches the vector registers, so they
// stay in the CPU until another user thread needs them.
struct UserState {
  UserRegisters registers = {};
  uint64_t fs_base = 0;
  uint64_t gs_base = 0;
  alignas(16) uint8_t fxsave[512] = {};
};

// Makes `context` such that the first switch to it calls `function(argument)` at the top of `stack`. The function must
// never return. Also writes `thread` where CurrentThread finds it.
void PrepareContext(KernelContext& context, KernelStack& stack, Thread* thread, void (*function)(void*),
                    void* argument);

// Makes `thread` the current one of code that already runs on `stack`.
void AdoptContext(KernelStack& stack, Thread* thread);

// Leaves the running thread in `from` and goes on with `to`. Returns when somebody switches back to `from`.
void SwitchContext(KernelContext& from, KernelContext& to);

// Vector registers and segment bases, between CPU and memory. InitialiseUserState gives what a new thread starts with.
void InitialiseUserState(UserState& state);
void SaveUserState(UserState& state);
void RestoreUserState(UserState& state);

// RFLAGS that user code starts with: interrupts on, the reserved bit 1 set.
inline constexpr uint64_t kInitialUserFlags = 0x202;

[[nodiscard]] Thread* CurrentThread();

}  // namespace gk::arch
