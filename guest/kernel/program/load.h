// Brings a program into the address space of a process that has no thread yet.
#pragma once

#include <stdint.h>

#include <span>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/program/elf_image.h"
#include "guest/kernel/vm/vmar.h"

namespace gk::program {

// All fail with ZX_ERR_NO_MEMORY, or with ZX_ERR_ALREADY_EXISTS or ZX_ERR_NO_RESOURCES when the address space has no
// room; what was mapped by then stays and goes with the process.

// Maps the segments of `image` at their addresses. `file` is what the image was parsed from; it is copied. The objects
// get its name, by which a debugger knows what belongs together (inspect/modules.cc).
Result<> MapSegments(Vmar& root, const ElfImage& image, std::span<const uint8_t> file, const ObjectName& name);

inline constexpr uint64_t kStackSize = 256 * 1024;

// Maps a stack of kStackSize with an inaccessible page below it. Returns its top, 16-byte aligned.
Result<VirtualAddress> MapStack(Vmar& root);

}  // namespace gk::program
