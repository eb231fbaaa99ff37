// All benchmarks that there are.
#pragma once

#include "tests/benchmarks/guest_run.h"
#include "tests/benchmarks/suite.h"

namespace bench {

// Start of `pagoda run` until main, until its end, and the memory of the monitor.
[[nodiscard]] Suite MakeBootSuite(const Installation& installation);

// System calls and anonymous faults of guest programs, beside those of a process of the host.
[[nodiscard]] Suite MakeSyscallSuite(const Installation& installation);

// The memory calls of guest programs, beside those of a process of the host.
[[nodiscard]] Suite MakeMemorySuite(const Installation& installation);

// Reads of pages that a pager on the host provides, beside userfaultfd. Fails where there is no room for a file.
[[nodiscard]] vmm::Result<Suite> MakePagerSuite(const Installation& installation);

// Faults of several vCPUs, strides, supplies, writes, evictions, and a guest that does nothing. Fails where there is no
// room for a file.
[[nodiscard]] vmm::Result<Suite> MakePagingSuite(const Installation& installation);

// A file of `size` bytes read from its start to its end and hashed by guests with little memory, beside processes of
// the host. `size`: a multiple of 32 MiB. Fails where there is no room for it.
[[nodiscard]] vmm::Result<Suite> MakeRealJobSuite(const Installation& installation, size_t size);

// Stops and steps in gdb, of a guest's program and of a process of the host; a debugger's port that nobody uses.
vmm::Result<Suite> MakeDebugSuite(const Installation& installation);

// Where the time of one page fault goes that a pager on the host answers. Fails where there is no room for a file.
[[nodiscard]] vmm::Result<Suite> MakeBreakdownSuite(const Installation& installation);

// How costs grow with sizes and numbers, up to `largest`: minutes, most of them for making things.
[[nodiscard]] Suite MakeGrowthSuite(const Installation& installation, uint64_t largest);

// What KVM takes for one exit to the monitor.
[[nodiscard]] vmm::Result<Suite> MakeExitSuite();

}  // namespace bench
