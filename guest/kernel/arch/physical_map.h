// The physical map: all guest RAM at one place of the kernel's address space.
//
// In the kernel it is abi::kPhysmapBase; in hosted tests a buffer of the test plays RAM and its address is the base.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"

namespace gk::arch {

extern uintptr_t physical_map_base;

// `address` must lie in RAM: nothing checks it here.
template <typename T = void>
[[nodiscard]] inline T* PhysicalToVirtual(PhysicalAddress address) {
  return reinterpret_cast<T*>(physical_map_base + address);
}

// The reverse, for pointers that came from PhysicalToVirtual.
[[nodiscard]] inline PhysicalAddress VirtualToPhysical(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) - physical_map_base;
}

// Of a global: the kernel's image lies elsewhere in its address space.
[[nodiscard]] PhysicalAddress ImagePhysicalAddress(const void* object);

}  // namespace gk::arch
