#include "vmm/arch/x86_64/cpuid.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "shared/abi/boot_info.h"

namespace vmm {
namespace {

kvm_cpuid_entry2 Leaf(uint32_t leaf, uint32_t subleaf = 0) {
  kvm_cpuid_entry2 entry = {};
  entry.function = leaf;
  entry.index = subleaf;
  return entry;
}

// As a host's KVM gives it, with another CPU's identity in it.
CpuidTable Supported() {
  CpuidTable table = {Leaf(1),           Leaf(4),           Leaf(7),           Leaf(0xb),        Leaf(0xb, 1),
                      Leaf(0x4000'0001), Leaf(0x8000'0001), Leaf(0x8000'0007), Leaf(0x8000'0008)};
  table[0].ebx = 0x5510'0800;
  table[0].ecx = 1u << 21 | 1u << 24;
  table[1].eax = 0xfc00'4121;
  table[2].ebx = 1u << 0 | 1u << 7 | 1u << 20;
  table[3].edx = 77;
  table[4].edx = 77;
  table[5].eax = 0x0100'7efb;
  table[6].edx = 1u << 29 | 1u << 20;
  table[7].edx = 1u << 8;
  table[8].ecx = 0xffff;
  return table;
}

const kvm_cpuid_entry2& Get(const CpuidTable& table, uint32_t leaf, uint32_t subleaf = 0) {
  return *std::find_if(table.begin(), table.end(),
                       [=](const auto& entry) { return entry.function == leaf && entry.index == subleaf; });
}

CpuidTable ForCpu(uint32_t index, uint32_t cpu_count, bool tsc_deadline = true) {
  return CpuidForCpu(Supported(), {.index = index, .cpu_count = cpu_count, .tsc_deadline = tsc_deadline});
}

TEST(Cpuid, ApicIdIsTheIndexInEveryLeafThatHasOne) {
  const CpuidTable table = ForCpu(5, 8);

  EXPECT_EQ(Get(table, 1).ebx >> 24, 5u);
  EXPECT_EQ(Get(table, 0xb, 0).edx, 5u);
  EXPECT_EQ(Get(table, 0xb, 1).edx, 5u);
}

TEST(Cpuid, TopologyCountsThisMachinesCpus) {
  const CpuidTable table = ForCpu(0, 6);

  EXPECT_EQ(Get(table, 1).ebx >> 16 & 0xff, 8u);
  EXPECT_EQ(Get(table, 4).eax >> 26, 5u);
  EXPECT_EQ(Get(table, 0xb, 0).ebx, 1u);
  EXPECT_EQ(Get(table, 0xb, 1).eax, 3u);
  EXPECT_EQ(Get(table, 0xb, 1).ebx, 6u);
  EXPECT_EQ(Get(table, 0xb, 2).ebx, 0u);
  EXPECT_EQ(Get(table, 0x8000'0008).ecx, 3u << 12 | 5u);
}

TEST(Cpuid, OneCpuHasNoSiblings) {
  const CpuidTable table = ForCpu(0, 1);

  EXPECT_EQ(Get(table, 1).edx >> 28 & 1, 0u);
  EXPECT_EQ(Get(table, 4).eax >> 26, 0u);
  EXPECT_EQ(Get(table, 0xb, 1).eax, 0u);
}

TEST(Cpuid, X2ApicAndHypervisorAreAlwaysShown) {
  const uint32_t features = Get(ForCpu(0, 1), 1).ecx;

  EXPECT_NE(features & 1u << 21, 0u);
  EXPECT_NE(features & 1u << 31, 0u);
}

TEST(Cpuid, TscDeadlineIsShownOnlyWhereKvmHasIt) {
  EXPECT_NE(CpuFeaturesOf(ForCpu(0, 1, true)) & abi::kCpuFeatureTscDeadline, 0u);
  EXPECT_EQ(CpuFeaturesOf(ForCpu(0, 1, false)) & abi::kCpuFeatureTscDeadline, 0u);
}

TEST(Cpuid, FeatureBitsFollowTheTable) {
  EXPECT_EQ(CpuFeaturesOf(ForCpu(0, 1)), abi::kCpuFeatureTscDeadline | abi::kCpuFeatureFsGsBase | abi::kCpuFeatureSmep |
                                             abi::kCpuFeatureSmap | abi::kCpuFeatureInvariantTsc);
  EXPECT_EQ(CpuFeaturesOf({}), 0u);
  EXPECT_EQ(KvmFeaturesOf(ForCpu(0, 1)), 0x0100'7efbu);
  EXPECT_EQ(KvmFeaturesOf({}), 0u);
}

TEST(Cpuid, LeavesThatTheHostLacksAreNotInvented) {
  CpuidTable supported = Supported();
  std::erase_if(supported, [](const auto& entry) { return entry.function == 0xb; });

  const CpuidTable table = CpuidForCpu(supported, {.index = 0, .cpu_count = 2, .tsc_deadline = true});

  EXPECT_TRUE(std::none_of(table.begin(), table.end(), [](const auto& entry) { return entry.function == 0xb; }));
}

TEST(Cpuid, MissingFeaturesAreNamed) {
  EXPECT_TRUE(MissingCpuFeatures(Supported()).empty());
  EXPECT_EQ(MissingCpuFeatures({}).size(), 3u);
}

}  // namespace
}  // namespace vmm
