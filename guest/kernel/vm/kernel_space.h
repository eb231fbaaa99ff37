// The kernel's own address space: made once at boot, replacing the monitor's bootstrap tables.
//
//   0x0000'1000'0000'0000  all RAM, writable, not executable, 2 MiB leaves. Pages of the kernel's image that it maps
//                          read-only or executable are read-only here too: no page has a writable and an executable
//                          name
//   0x0000'2000'0000'0000  kernel stacks, each with an unmapped guard page below it
//   0x0000'3000'0000'0000  device registers, uncached
//   0xffff'ffff'8000'0000  the kernel's image
//   0xffff'ffff'c000'0000  the nucleus (mapped by arch code through page_table())
//
// The kernel proper runs at CPL 3, so everything but the nucleus is entered as accessible to users; user programs never
// run in this space. Kernel lock held for every call.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/arch/paging.h"
#include "guest/kernel/lib/status.h"
#include "shared/abi/boot_info.h"

namespace gk::kernel_space {

inline constexpr VirtualAddress kStacksBase = 0x0000'2000'0000'0000;
inline constexpr VirtualAddress kDevicesBase = 0x0000'3000'0000'0000;

// A piece of the kernel's image with one permission. Page-aligned.
struct Segment {
  VirtualAddress address;
  PhysicalAddress physical;
  uint64_t size;  // bytes
  Access access;
};

// Builds the tables: image, physical map. Not in use yet: the caller loads page_table().root(). The pmm must be up.
// ZX_ERR_NO_MEMORY; ZX_ERR_ACCESS_DENIED: a segment is writable and executable.
Result<> Create(std::span<const Segment> image, std::span<const abi::MemoryRange> memory);

// For what arch code adds: the nucleus. Precondition: Create succeeded.
[[nodiscard]] arch::PageTable& page_table();

// Maps device registers for the life of the kernel. `physical` need not be aligned: the result points at the same byte.
// ZX_ERR_NO_MEMORY.
Result<VirtualAddress> MapDeviceRegisters(PhysicalAddress physical, uint64_t size);

// A kernel stack: `size` bytes that end at `top`, mapped, with an unmapped page below them.
struct StackMemory {
  VirtualAddress base;
  uint64_t size;  // bytes
  [[nodiscard]] VirtualAddress top() const { return base + size; }
};
inline constexpr uint64_t kStackSize = 16 * 1024;

// Returned stacks stay mapped and are given out again, so freeing one needs no invalidation. ZX_ERR_NO_MEMORY.
Result<StackMemory> AllocateStack();
void FreeStack(StackMemory stack);

// True when `address` lies in the guard page of a stack that was ever allocated: for crash reports.
[[nodiscard]] bool IsStackGuard(VirtualAddress address);

// Gives everything back: tests, and Create when it fails. Precondition: not loaded on any CPU.
void Destroy();

}  // namespace gk::kernel_space
