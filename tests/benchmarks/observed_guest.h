// A guest in this process, whose kernel records the steps of each entry into it (shared/abi/observation.h), while the
// monitor's side of each page request is stamped too.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "devices/pager/registry.h"
#include "shared/abi/observation.h"
#include "tests/benchmarks/guest_run.h"

namespace bench {

namespace abi = pagoda::abi;

// A READ or DIRTY request as the monitor saw it; times are the host's time stamp counter.
struct ServedRequest {
  uint64_t arrived;   // taken out of the queue
  uint64_t answered;  // by the pager; about to be given back to the guest
};

struct ObservedRun {
  std::string output;
  std::vector<abi::GuestEvent> events;  // oldest first; the oldest may have been overwritten
  std::vector<ServedRequest> requests;  // in the order in which they arrived
};

// A pager "NAME=KIND:ARGUMENT...", as `pagoda run --pager` takes it.
vmm::Result<pager::Registry> MakePagers(const std::string& spec);
// A pager `f` of one read-only object, which answers each read with OK, after `delay`, and writes nothing: what is
// measured with it is not reading. No delay: at once, on the device's thread.
vmm::Result<pager::Registry> MakeEmptyPager(uint64_t size, std::chrono::milliseconds delay);

// Boots the kernel and image of `installation` with one vCPU and runs `program` to its end. Fails when that is not 0.
vmm::Result<ObservedRun> RunObserved(const Installation& installation, pager::Registry pagers,
                                     const std::vector<std::string>& program);

}  // namespace bench
