// The vDSO, which a program has somewhere in its address space and no file describes (shared/abi/syscalls.h): 32 bytes
// for each system call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vmm/debug/memory_reader.h"

namespace vmm {

struct VdsoPlace {
  std::string function;  // "zx_vmo_read"
  uint64_t offset;       // in its slot
  uint64_t pushed;       // words on the stack above the return address
};

// nullopt where the memory at `address` does not look like the vDSO's system calls.
[[nodiscard]] std::optional<VdsoPlace> FindInVdso(uint64_t address, const MemoryReader& memory);

}  // namespace vmm
