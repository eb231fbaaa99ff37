// Can this host run guests? A list of requirements, each with what to do where it is not met.
//
// The judgement is a pure function over facts, so that hosts which nobody here has can be tested.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/kvm/kvm_system.h"

namespace vmm {

struct HostFacts {
  int api_version;
  std::function<int(int capability)> extension;  // as KVM_CHECK_EXTENSION answers
  std::vector<const char*> missing_cpu_features;
};

struct HostRequirement {
  std::string what;
  bool met;
  std::string advice;  // the next step, where it is not met
};

// Every requirement, in the order in which they are worth fixing.
[[nodiscard]] std::vector<HostRequirement> JudgeHost(const HostFacts& facts);

// Asks KVM for the facts. Fails when KVM does not even answer that.
Result<HostFacts> FactsOf(const KvmSystem& system);

// Good when every requirement is met; else an error (kExitHostCannotRun) that names the first that is not.
Result<> RequireUsableHost(const KvmSystem& system);

}  // namespace vmm
