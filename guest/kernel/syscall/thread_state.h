// The forms in which programs see the registers of a stopped thread (zircon/syscalls/debug.h), and the way from and to
// what the kernel keeps of them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cstddef>

#include "guest/kernel/arch/context.h"
#include "guest/kernel/lib/status.h"

namespace gk::syscall {

struct ThreadStateForm {
  uint32_t kind;  // ZX_THREAD_STATE_*
  size_t size;    // bytes, at most kMaxThreadStateSize
  // Fills `size` bytes.
  void (*read)(const arch::UserState& state, std::byte* to);
  // Takes `size` bytes over. ZX_ERR_INVALID_ARGS: with these values the thread could not go on in user code; nothing
  // has changed then. What user code could not change itself stays as it was.
  Result<> (*write)(const std::byte* from, arch::UserState& state);
};

inline constexpr size_t kMaxThreadStateSize = 2120;

// Null: there is no such kind, or it is not supported.
[[nodiscard]] const ThreadStateForm* FindThreadStateForm(uint32_t kind);

}  // namespace gk::syscall
