// What a debugger's port costs to which nobody connects.
#pragma once

#include "tests/benchmarks/guest_run.h"
#include "tests/benchmarks/suite.h"

namespace bench {

// Adds a case and its figures. Fails where there is no room for the file whose pages are faulted in.
vmm::Result<> AddIdlePort(Suite& suite, const Installation& installation);

}  // namespace bench
