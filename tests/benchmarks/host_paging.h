// The rivals of the paging suite on the host: userfaultfd with several faulting at once, reading a file, mapped files
// that are written, a process's threads that take turns.
#pragma once

#include <span>
#include <string>

#include "tests/benchmarks/mapped_memory.h"
#include "tests/benchmarks/suite.h"
#include "vmm/base/unique_fd.h"

namespace bench {

// Microseconds for each page of `content`'s at random places: `count` threads touch at once, each in a virtual machine
// of its own over the same memory, whose missing pages one thread provides as it is woken.
vmm::Result<double> UserFaultsBelowMachines(const MappedMemory& content, size_t count);
// The same by threads of this process.
vmm::Result<double> UserFaultsInProcess(const MappedMemory& content, size_t count);

// GB/s of a file of `size` bytes read into fresh memory.
vmm::Result<double> HostReadIntoFreshMemory(const vmm::UniqueFd& file, size_t size);

struct WriteCosts {
  double write_cycles;  // of the first write to a page of a mapped file that was read
  double sync_us;       // for each page, of msync behind it
};
vmm::Result<WriteCosts> HostMappedWrites(const vmm::UniqueFd& file, size_t pages);

// Cycles for waking a thread on the same processor by a futex and hearing of it by another.
vmm::Result<double> HostThreadTurnCycles();

}  // namespace bench
