// Copies between kernel memory and the memory of a user program.
//
// The kernel never maps user memory: a copy looks the page up in the address space's page table, as the CPU would, with
// the same permissions, and goes through the physical map. A missing page is faulted in by the same code that serves
// the CPU's faults, so a copy may block, and whatever the caller had looked at before may have changed afterwards.
//
// Failure: bytes before the first page that could not be reached were copied, later ones not.
//   ZX_ERR_INVALID_ARGS           not mapped, not permitted, or its page could not be had
//   ZX_ERR_NO_MEMORY              for a page or a page table
//   ZX_ERR_INTERNAL_INTR_KILLED   the thread is to end
// A program can always tell a bad pointer from a good one by trying, so nothing finer is promised. Between a VMO and a
// program: vmo_transfer.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/address_space.h"

namespace gk {

Result<> CopyFromUser(AddressSpace& space, void* destination, VirtualAddress source, size_t length);
Result<> CopyToUser(AddressSpace& space, VirtualAddress destination, const void* source, size_t length);

// One trivially copyable value.
template <typename T>
Result<> CopyFromUser(AddressSpace& space, T* destination, VirtualAddress source) {
  return CopyFromUser(space, destination, source, sizeof(T));
}
template <typename T>
Result<> CopyToUser(AddressSpace& space, VirtualAddress destination, const T& source) {
  return CopyToUser(space, destination, &source, sizeof(T));
}

}  // namespace gk
