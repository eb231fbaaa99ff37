// Puts everything into fresh guest RAM that a kernel finds there at its first instruction (shared/abi/boot_info.h):
//
//   kernel segments │ boot info, arguments, options │ boot image │ page tables │ free_start …
//
// All of it lies in the RAM below the device hole. The guest does not run yet, so RAM is an ordinary span of bytes
// here, whose index is the guest-physical address. Nothing is written but what has content: fresh RAM is zero, and
// touching it is what costs time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shared/abi/boot_info.h"
#include "vmm/base/error.h"
#include "vmm/loader/input_file.h"

namespace vmm {

// What the user asked to boot. Borrowed for the call.
struct BootRequest {
  const InputFile& kernel;
  const InputFile* bootfs;                 // nullptr: no boot image, and then no check of the program's name
  std::span<const std::string> arguments;  // the program's name first; it must be an executable of the boot image
  std::span<const std::string> options;    // "key=value"
};

struct LoadedGuest {
  uint64_t entry;              // virtual
  uint64_t boot_info_address;  // guest-physical
  // Complete but for what the CPUs and devices decide: cpu_*, kvm_features, tsc_khz, random_seed, devices.
  abi::BootInfo boot_info;
};

// `memory`: RAM below the device hole, all zeros; `ranges`: all RAM (RamRanges). On failure, which is the user's
// (kExitBadInput, naming the file), `memory` has unspecified content.
Result<LoadedGuest> LoadGuest(const BootRequest& request, std::span<std::byte> memory,
                              std::span<const abi::MemoryRange> ranges);

// Writes `guest.boot_info` to its place. The last step before the first vCPU runs.
void WriteBootInfo(const LoadedGuest& guest, std::span<std::byte> memory);

}  // namespace vmm
