// Plots of what the growth suite has measured.
#pragma once

#include <string>

#include "tests/benchmarks/harness.h"

namespace bench {

// Writes growth-*.svg into `folder`, if `samples` have that suite; replaces what is there. Fails where it cannot write.
vmm::Result<> WriteGrowthPlots(const Samples& samples, const std::string& folder);

}  // namespace bench
