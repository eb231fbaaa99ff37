// Runs the cases of suites again and again, in an order that is shuffled over all of them, so that a disturbance of the
// machine does not fall on one case alone.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/benchmarks/suite.h"

namespace bench {

// Suite, case, metric -> one value for each run.
using Samples = std::map<std::string, std::map<std::string, std::map<std::string, std::vector<double>>>>;

// Once in a process: the registry behind it is global. Fails with the first case that fails; the rest is not run then.
// Shows its progress on standard error where that is a terminal.
[[nodiscard]] vmm::Result<Samples> Measure(const std::vector<Suite>& suites, int runs);

}  // namespace bench
