// zx_process_read_memory and zx_process_write_memory: the memory of one program, copied to or from that of another.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/vmo_transfer.h"

namespace gk {

// Copies up to `length` bytes between [address, …) of `target`, which need not have run, and [buffer, …) of `caller`.
// kToUser reads the target. What counts there is not the permission of the moment but what the VMO handle permitted
// when it was mapped, so that a debugger reads what the program protected and writes where it put read-only code.
//
// Returns how many bytes were copied: fewer than asked for where something stands in the way, never 0. May block.
// Errors, when that is so from the first byte on:
//   ZX_ERR_NOT_FOUND      the target has nothing mapped there (or the caller at its buffer)
//   ZX_ERR_ACCESS_DENIED  the VMO handle did not permit it
//   ZX_ERR_OUT_OF_RANGE   past the end of the VMO that is mapped
//   ZX_ERR_INVALID_ARGS   the buffer is none
//   ZX_ERR_NO_MEMORY, the VMO's page source's error
// ZX_ERR_INTERNAL_INTR_KILLED comes at any point.
Result<uint64_t> CopyProcessMemory(AddressSpace& target, VirtualAddress address, AddressSpace& caller,
                                   VirtualAddress buffer, uint64_t length, VmoTransfer::Direction direction);

}  // namespace gk
