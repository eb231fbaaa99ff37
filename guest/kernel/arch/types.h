// The address types that the whole kernel shares.
#pragma once

#include <stdint.h>

namespace gk {

using PhysicalAddress = uint64_t;  // guest-physical
using VirtualAddress = uint64_t;   // in whatever address space the context names

// One bit per CPU index.
using CpuMask = uint32_t;

// What a memory access wanted. Also the shape of a permission: "may read and execute".
struct Access {
  bool read = false;
  bool write = false;
  bool execute = false;
};

}  // namespace gk
