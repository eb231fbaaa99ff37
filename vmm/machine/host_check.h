// Can this host run guests? A list of requirements, each with what to do where it is not met.
//
// The judgement is a pure function over facts, so that hosts which nobody here has can be tested.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/base/error.h"
#include "vmm/kvm/kvm_system.h"

namespace vmm {

struct HostFacts {
  int api_version;
  std::function<int(int capability)> extension;  // as KVM_CHECK_EXTENSION answers
  CpuidTable supported_cpuid;                    // as KVM_GET_SUPPORTED_CPUID answers
};

struct HostRequirement {
  std::string what;
  bool met;
  std::string advice;  // the next step, where it is not met
};

// Every requirement, in the order in which they are worth fixing.
[[nodiscard]] std::vector<HostRequirement> JudgeHost(const HostFacts& facts);

// Asks KVM for the facts; they refer to `system`. Fails when KVM does not even answer that.
Result<HostFacts> FactsOf(const KvmSystem& system);

// A KVM that meets every requirement.
struct UsableHost {
  KvmSystem system;
  CpuidTable supported_cpuid;
};

// Opens the KVM device `path`. Fails with kExitHostCannotRun and the next step for the user when it cannot be opened,
// or with the first requirement that is not met.
Result<UsableHost> OpenUsableHost(const std::string& path);

}  // namespace vmm
