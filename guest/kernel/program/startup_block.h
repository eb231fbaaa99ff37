// What a program finds when it starts: abi::ProcessStartup with the argument strings behind it, on read-only pages.
#pragma once

#include <stddef.h>

#include <span>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/vmar.h"
#include "shared/abi/syscalls.h"

namespace gk::program {

// Maps the block into `root` and returns its address. Of `startup`, magic, version and the two fields about where the
// arguments are get filled in here; `arguments` holds startup.argument_count strings with their terminators.
// ZX_ERR_NO_MEMORY.
Result<VirtualAddress> MapStartupBlock(Vmar& root, abi::ProcessStartup startup, std::span<const char> arguments);

// True when `text` is exactly `count` strings, each with its terminator, and `count` is not 0.
[[nodiscard]] bool IsStringList(std::span<const char> text, size_t count);

// The first string of such a list, without its terminator.
[[nodiscard]] std::span<const char> FirstString(std::span<const char> list);

}  // namespace gk::program
