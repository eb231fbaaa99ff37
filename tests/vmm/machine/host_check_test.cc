#include "vmm/machine/host_check.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vmm {
namespace {

CpuidTable GoodCpuid() {
  kvm_cpuid_entry2 features = {};
  features.function = 1;
  features.ecx = 1u << 21;
  kvm_cpuid_entry2 extended = {};
  extended.function = 0x8000'0001;
  extended.edx = 1u << 29 | 1u << 20;
  return {features, extended};
}

HostFacts GoodHost() {
  return {.api_version = 12, .extension = [](int) { return 16; }, .supported_cpuid = GoodCpuid()};
}

std::vector<HostRequirement> Missing(const HostFacts& facts) {
  std::vector<HostRequirement> requirements = JudgeHost(facts);
  std::erase_if(requirements, [](const HostRequirement& requirement) { return requirement.met; });
  return requirements;
}

TEST(HostCheck, AGoodHostMeetsEveryRequirement) {
  EXPECT_TRUE(Missing(GoodHost()).empty());
  EXPECT_GT(JudgeHost(GoodHost()).size(), 10u);
}

TEST(HostCheck, AnotherApiVersionIsMissingWithAdvice) {
  HostFacts host = GoodHost();
  host.api_version = 11;

  const auto missing = Missing(host);

  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].what, "KVM API version 12 (this host: 11)");
  EXPECT_FALSE(missing[0].advice.empty());
}

TEST(HostCheck, AMissingCapabilityIsNamedWithTheLinuxThatHasIt) {
  HostFacts host = GoodHost();
  host.extension = [](int capability) { return capability == KVM_CAP_SPLIT_IRQCHIP ? 0 : 16; };

  const auto missing = Missing(host);

  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].what, "KVM_CAP_SPLIT_IRQCHIP");
  EXPECT_EQ(missing[0].advice, "Linux has it since 4.4: update the host's kernel");
}

TEST(HostCheck, TooFewVcpusAndCpuFeaturesAreNamed) {
  HostFacts host = GoodHost();
  host.extension = [](int) { return 4; };
  host.supported_cpuid.pop_back();

  const auto missing = Missing(host);

  ASSERT_EQ(missing.size(), 3u);
  EXPECT_EQ(missing[0].what, "8 vCPUs (this host: 4)");
  EXPECT_EQ(missing[1].what, "guest CPUs with 64-bit mode");
  EXPECT_EQ(missing[2].what, "guest CPUs with no-execute pages");
}

TEST(HostCheck, AMissingDeviceFileSaysWhatToDo) {
  const auto host = OpenUsableHost("/nonexistent/kvm");

  ASSERT_FALSE(host.ok());
  EXPECT_EQ(host.error().exit_code(), kExitHostCannotRun);
  EXPECT_NE(host.error().message().find("/nonexistent/kvm: no such device — load the kvm_intel"), std::string::npos);
}

TEST(HostCheck, AFileThatIsNotKvmIsToldApart) {
  const auto host = OpenUsableHost("/dev/null");

  ASSERT_FALSE(host.ok());
  EXPECT_EQ(host.error().exit_code(), kExitHostCannotRun);
  EXPECT_NE(host.error().message().find("/dev/null: not a KVM device"), std::string::npos);
}

}  // namespace
}  // namespace vmm
