// The boot contract between the monitor and a guest kernel, version 1.
//
// What the monitor does before the kernel's first instruction:
//   - loads every PT_LOAD segment of the kernel's ELF64 image at its p_paddr;
//   - puts, above the image and page-aligned: this structure, its strings, the boot image (bootfs), the bootstrap page
//     tables. Nothing of the monitor's lies at or above `free_start`;
//   - builds bootstrap page tables (all leaves accessible from ring 3 as well, no page both writable and executable):
//     the segments at their p_vaddr with the permissions of p_flags, 4 KiB pages; all RAM at kPhysmapBase, 2 MiB
//     leaves, writable, not executable. Device registers are not mapped;
//   - starts vCPU 0 in 64-bit mode at the ELF entry, CPL 0, interrupts off:
//       RDI = virtual address of this structure in the physmap, RSI = 0 (the CPU's index), RSP = 0,
//       CS/SS = 0x10/0x18 (flat; the descriptors are only in the hidden part: GDTR, IDTR have limit 0, LDTR, TR empty),
//       CR0 = PE MP ET NE WP AM PG, CR4 = PAE PGE OSFXSR OSXMMEXCPT, EFER = SCE LME LMA NXE, x2APIC on, all else reset.
//   - keeps the other vCPUs stopped until SystemControl's CPU_START register names them (system_control.h); they then
//     start in the same way at the same entry, with RSI = their index; CR3 is what CPU_ROOT names, the bootstrap root
//     unless that was written.
// The APIC id of a CPU is its index.
//
// All fields are written by the monitor and read by the guest. Fields are only ever appended; `size` grows with them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

inline constexpr uint64_t kBootInfoMagic = 0x31746f6f42646750;  // "PgdBoot1"
inline constexpr uint32_t kBootInfoVersion = 1;

// Where the bootstrap page tables show all guest RAM: virtual = kPhysmapBase + physical.
inline constexpr uint64_t kPhysmapBase = 0x0000'1000'0000'0000;

inline constexpr uint32_t kMaxCpus = 8;
inline constexpr uint32_t kMaxMemoryRanges = 8;
inline constexpr uint32_t kMaxDevices = 16;

// Physical addresses below 3 GiB are RAM first; the next GiB belongs to devices and the local APIC; RAM goes on at 4
// GiB.
inline constexpr uint64_t kDeviceHoleBase = 0xc000'0000;
inline constexpr uint64_t kDeviceHoleEnd = 0x1'0000'0000;

struct MemoryRange {
  uint64_t base;  // guest-physical, 2 MiB-aligned
  uint64_t size;  // bytes, a multiple of 2 MiB
};

enum class DeviceKind : uint32_t {
  kNone = 0,
  kSystemControl = 1,  // system_control.h
  kVirtioMmio = 2,     // virtio 1.2, section 4.2; `virtio_id` says which device
};

struct DeviceEntry {
  DeviceKind kind;
  uint32_t virtio_id;         // virtio 1.2 section 5, or kVirtioIdPort; 0 for other kinds
  uint64_t registers;         // guest-physical address of a page of registers
  uint32_t interrupt_vector;  // edge interrupt (MSI) to CPU 0 with this vector; 0: the device has none
  uint32_t reserved;
};

// Bits of BootInfo::cpu_features: what the *virtual* CPU offers. CPUID cannot be trusted at CPL 3 on every host.
inline constexpr uint64_t kCpuFeatureTscDeadline = uint64_t{1} << 0;
inline constexpr uint64_t kCpuFeatureFsGsBase = uint64_t{1} << 1;  // CPUID says so; where not, probe: it may still work
inline constexpr uint64_t kCpuFeatureSmep = uint64_t{1} << 2;
inline constexpr uint64_t kCpuFeatureSmap = uint64_t{1} << 3;
inline constexpr uint64_t kCpuFeatureInvariantTsc = uint64_t{1} << 4;

// Bits of BootInfo::observe.
inline constexpr uint32_t kObserveCounters = 1u << 0;
inline constexpr uint32_t kObserveEvents = 1u << 1;
inline constexpr uint32_t kObserveSteps = 1u << 2;  // events too, of the steps of each entry into the kernel

struct BootInfo {
  uint64_t magic;              // kBootInfoMagic
  uint32_t version;            // kBootInfoVersion
  uint32_t size;               // of this structure, bytes
  uint64_t free_start;         // guest-physical, page-aligned: RAM from here on is untouched
  uint64_t page_table_root;    // guest-physical: the bootstrap CR3
  uint64_t bootfs_address;     // guest-physical, page-aligned; bootfs.h
  uint64_t bootfs_size;        // bytes; 0: none
  uint64_t arguments_address;  // guest-physical: argument_count NUL-terminated strings, the program's name first
  uint32_t arguments_size;     // bytes, terminators included
  uint32_t argument_count;
  uint64_t options_address;  // guest-physical: option_count NUL-terminated strings "key=value" for the kernel
  uint32_t options_size;
  uint32_t option_count;
  uint64_t cpu_features;    // kCpuFeature*
  uint32_t kvm_features;    // EAX of CPUID leaf 0x40000001
  uint32_t cpu_count;       // 1..kMaxCpus
  uint64_t tsc_khz;         // 0: unknown, use kvmclock
  uint64_t random_seed[4];  // fresh entropy for handle values and address-space layout
  uint32_t memory_range_count;
  uint32_t device_count;
  MemoryRange memory[kMaxMemoryRanges];  // all RAM, ascending, what is in use included
  DeviceEntry devices[kMaxDevices];
  uint32_t debugger;  // not 0: the monitor has a debugger, so #DB and #BP go to it (debug_trap.h), and the kernel tells
                      // it what only the kernel knows (system_control.h)
  uint32_t observe;   // kObserve*: what the monitor wants to watch (observation.h); 0: nothing
};

static_assert(sizeof(MemoryRange) == 16);
static_assert(sizeof(DeviceEntry) == 24);
static_assert(offsetof(BootInfo, free_start) == 16);
static_assert(offsetof(BootInfo, random_seed) == 104);
static_assert(sizeof(BootInfo) == 152 + 16 * kMaxMemoryRanges + 24 * kMaxDevices);

}  // namespace pagoda::abi
