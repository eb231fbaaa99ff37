// What the threads of a monitor beside its vCPUs have used so far, out of /proc/PID/task.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "vmm/base/error.h"

namespace bench {

struct ThreadTimes {
  double seconds;  // on a processor, in user mode and in the kernel
  uint64_t reads;  // system calls that read: of files, and of event descriptors
};

// Of all threads of `pid` that are no vCPU's (ServiceThread names its own; vCPUs are named "vcpu N").
vmm::Result<ThreadTimes> TimesBesideCpus(pid_t pid);

}  // namespace bench
