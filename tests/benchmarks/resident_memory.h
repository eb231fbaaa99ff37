// How much memory a monitor holds beside the guest's RAM, out of /proc/PID/smaps.
//
// The guest's RAM is known by what no other mapping of the monitor is: anonymous and exactly as large as --memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "vmm/base/error.h"

namespace bench {

struct ResidentMemory {
  uint64_t total;     // bytes resident outside the guest's RAM, pages shared with other processes included
  uint64_t unshared;  // of these, what no other process shares
};

// `smaps`: the text of that file. Fails unless exactly one mapping is the guest's RAM of `guest_memory` bytes.
vmm::Result<ResidentMemory> ResidentBesideGuestMemory(const std::string& smaps, uint64_t guest_memory);

// The same of a running process.
vmm::Result<ResidentMemory> ResidentBesideGuestMemory(pid_t pid, uint64_t guest_memory);

}  // namespace bench
