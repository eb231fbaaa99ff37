#include "vmm/machine/host_check.h"

#include <algorithm>

#include "shared/abi/boot_info.h"

namespace vmm {
namespace {

struct Capability {
  int number;
  const char* name;
  const char* since;  // the first Linux that has it on x86
};

constexpr Capability kCapabilities[] = {
    {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "2.6.25"},
    {KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID", "2.6.26"},
    {KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "2.6.26"},
    {KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR", "2.6.25"},
    {KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR", "2.6.32"},
    {KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING", "2.6.30"},
    {KVM_CAP_IRQFD, "KVM_CAP_IRQFD", "2.6.32"},
    {KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD", "2.6.32"},
    {KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP", "4.4"},
    {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "4.11"},
};

HostRequirement ApiVersionRequirement(int version) {
  return {.what = fmt::format("KVM API version {} (this host: {})", KVM_API_VERSION, version),
          .met = version == KVM_API_VERSION,
          .advice = "this KVM speaks another protocol: update the host's Linux kernel"};
}

HostRequirement CapabilityRequirement(const Capability& capability, const HostFacts& facts) {
  return {.what = capability.name,
          .met = facts.extension(capability.number) > 0,
          .advice = fmt::format("Linux has it since {}: update the host's kernel", capability.since)};
}

// The kernel documentation: KVM_CAP_MAX_VCPUS is absent where KVM_CAP_NR_VCPUS is the limit, and both mean 4 where
// absent.
HostRequirement CpuCountRequirement(const HostFacts& facts) {
  const int limit = std::max({4, facts.extension(KVM_CAP_NR_VCPUS), facts.extension(KVM_CAP_MAX_VCPUS)});
  return {.what = fmt::format("{} vCPUs (this host: {})", abi::kMaxCpus, limit),
          .met = limit >= static_cast<int>(abi::kMaxCpus),
          .advice = "update the host's kernel"};
}

}  // namespace

std::vector<HostRequirement> JudgeHost(const HostFacts& facts) {
  std::vector<HostRequirement> requirements = {ApiVersionRequirement(facts.api_version)};
  for (const Capability& capability : kCapabilities) {
    requirements.push_back(CapabilityRequirement(capability, facts));
  }
  requirements.push_back(CpuCountRequirement(facts));
  for (const char* feature : MissingCpuFeatures(facts.supported_cpuid)) {
    requirements.push_back({.what = fmt::format("guest CPUs with {}", feature),
                            .met = false,
                            .advice = "KVM does not offer it on this CPU: use a newer machine or kernel"});
  }
  return requirements;
}

Result<HostFacts> FactsOf(const KvmSystem& system) {
  PAGODA_TRY_ASSIGN(CpuidTable supported, system.SupportedCpuid());
  return HostFacts{.api_version = system.ApiVersion(),
                   .extension = [&system](int capability) { return system.CheckExtension(capability); },
                   .supported_cpuid = std::move(supported)};
}

Result<UsableHost> OpenUsableHost(const std::string& path) {
  PAGODA_TRY_ASSIGN(KvmSystem system, KvmSystem::Open(path));
  PAGODA_TRY_ASSIGN(HostFacts facts, FactsOf(system));
  for (const HostRequirement& requirement : JudgeHost(facts)) {
    if (!requirement.met) {
      return HostCannotRun(fmt::format("{}: lacks {} — {}", path, requirement.what, requirement.advice));
    }
  }
  return UsableHost{std::move(system), std::move(facts.supported_cpuid)};
}

}  // namespace vmm
