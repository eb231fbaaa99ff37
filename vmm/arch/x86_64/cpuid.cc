#include "vmm/arch/x86_64/cpuid.h"

#include <algorithm>
#include <bit>

#include "shared/abi/boot_info.h"

namespace vmm {
namespace {

// Leaves and bits: SDM 2A, CPUID; AMD APM volume 3, appendix E for the extended ones.
constexpr uint32_t kLeafFeatures = 1;
constexpr uint32_t kLeafCaches = 4;
constexpr uint32_t kLeafStructuredFeatures = 7;
constexpr uint32_t kLeafTopology = 0xb;
constexpr uint32_t kLeafTopologyV2 = 0x1f;
constexpr uint32_t kLeafExtendedFeatures = 0x8000'0001;
constexpr uint32_t kLeafPowerManagement = 0x8000'0007;
constexpr uint32_t kLeafAddressSizes = 0x8000'0008;
constexpr uint32_t kLeafKvmFeatures = 0x4000'0001;

constexpr uint32_t kX2Apic = 1u << 21;          // leaf 1 ECX
constexpr uint32_t kTscDeadline = 1u << 24;     // leaf 1 ECX
constexpr uint32_t kHypervisor = 1u << 31;      // leaf 1 ECX
constexpr uint32_t kHyperThreading = 1u << 28;  // leaf 1 EDX: EBX[23:16] is valid
constexpr uint32_t kFsGsBase = 1u << 0;         // leaf 7 EBX
constexpr uint32_t kSmep = 1u << 7;             // leaf 7 EBX
constexpr uint32_t kSmap = 1u << 20;            // leaf 7 EBX
constexpr uint32_t kLongMode = 1u << 29;        // leaf 0x80000001 EDX
constexpr uint32_t kNoExecute = 1u << 20;       // leaf 0x80000001 EDX
constexpr uint32_t kInvariantTsc = 1u << 8;     // leaf 0x80000007 EDX

constexpr uint32_t kTopologyThread = 1;  // leaf 0xb ECX[15:8]
constexpr uint32_t kTopologyCore = 2;

const kvm_cpuid_entry2* Find(const CpuidTable& table, uint32_t leaf) {
  const auto entry = std::find_if(table.begin(), table.end(), [leaf](const kvm_cpuid_entry2& candidate) {
    return candidate.function == leaf && candidate.index == 0;
  });
  return entry == table.end() ? nullptr : &*entry;
}

// Bits of an APIC id that tell the CPUs of the one package apart.
uint32_t ApicIdBits(uint32_t cpu_count) { return static_cast<uint32_t>(std::bit_width(cpu_count - 1)); }

void SetFeatures(kvm_cpuid_entry2& entry, const CpuidIdentity& identity) {
  const uint32_t apic_ids = 1u << ApicIdBits(identity.cpu_count);
  entry.ebx = (entry.ebx & 0x0000'ffff) | apic_ids << 16 | identity.index << 24;
  entry.ecx |= kX2Apic | kHypervisor;
  entry.ecx = identity.tsc_deadline ? entry.ecx | kTscDeadline : entry.ecx & ~kTscDeadline;
  entry.edx = identity.cpu_count > 1 ? entry.edx | kHyperThreading : entry.edx & ~kHyperThreading;
}

// EAX[31:26]: cores of the package, less one. EAX[25:14]: CPUs that share this cache, less one: each has its own.
void SetCaches(kvm_cpuid_entry2& entry, const CpuidIdentity& identity) {
  if ((entry.eax & 0x1f) != 0) {
    entry.eax = (entry.eax & 0x0000'3fff) | (identity.cpu_count - 1) << 26;
  }
}

void SetAddressSizes(kvm_cpuid_entry2& entry, const CpuidIdentity& identity) {
  entry.ecx = ApicIdBits(identity.cpu_count) << 12 | (identity.cpu_count - 1);
}

bool IsTopology(const kvm_cpuid_entry2& entry) {
  return entry.function == kLeafTopology || entry.function == kLeafTopologyV2;
}

// One package of `cpu_count` cores with a thread each. Subleaves: threads of a core, cores of the package, the end.
void AppendTopology(CpuidTable& table, uint32_t leaf, const CpuidIdentity& identity) {
  for (uint32_t subleaf = 0; subleaf <= 2; ++subleaf) {
    kvm_cpuid_entry2 entry = {};
    entry.function = leaf;
    entry.index = subleaf;
    entry.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    entry.ecx = subleaf;
    entry.edx = identity.index;
    if (subleaf == 0) {
      entry.ebx = 1;
      entry.ecx |= kTopologyThread << 8;
    } else if (subleaf == 1) {
      entry.eax = ApicIdBits(identity.cpu_count);
      entry.ebx = identity.cpu_count;
      entry.ecx |= kTopologyCore << 8;
    }
    table.push_back(entry);
  }
}

}  // namespace

CpuidTable CpuidForCpu(const CpuidTable& supported, const CpuidIdentity& identity) {
  CpuidTable table;
  table.reserve(supported.size() + 6);
  std::remove_copy_if(supported.begin(), supported.end(), std::back_inserter(table), IsTopology);
  for (kvm_cpuid_entry2& entry : table) {
    if (entry.function == kLeafFeatures) {
      SetFeatures(entry, identity);
    } else if (entry.function == kLeafCaches) {
      SetCaches(entry, identity);
    } else if (entry.function == kLeafAddressSizes) {
      SetAddressSizes(entry, identity);
    }
  }
  for (const uint32_t leaf : {kLeafTopology, kLeafTopologyV2}) {
    if (Find(supported, leaf) != nullptr) {
      AppendTopology(table, leaf, identity);
    }
  }
  return table;
}

uint64_t CpuFeaturesOf(const CpuidTable& table) {
  uint64_t features = 0;
  if (const auto* entry = Find(table, kLeafFeatures)) {
    features |= (entry->ecx & kTscDeadline) != 0 ? abi::kCpuFeatureTscDeadline : 0;
  }
  if (const auto* entry = Find(table, kLeafStructuredFeatures)) {
    features |= (entry->ebx & kFsGsBase) != 0 ? abi::kCpuFeatureFsGsBase : 0;
    features |= (entry->ebx & kSmep) != 0 ? abi::kCpuFeatureSmep : 0;
    features |= (entry->ebx & kSmap) != 0 ? abi::kCpuFeatureSmap : 0;
  }
  if (const auto* entry = Find(table, kLeafPowerManagement)) {
    features |= (entry->edx & kInvariantTsc) != 0 ? abi::kCpuFeatureInvariantTsc : 0;
  }
  return features;
}

uint32_t KvmFeaturesOf(const CpuidTable& table) {
  const auto* entry = Find(table, kLeafKvmFeatures);
  return entry == nullptr ? 0 : entry->eax;
}

std::vector<const char*> MissingCpuFeatures(const CpuidTable& supported) {
  std::vector<const char*> missing;
  const auto* extended = Find(supported, kLeafExtendedFeatures);
  const uint32_t extended_edx = extended == nullptr ? 0 : extended->edx;
  if ((extended_edx & kLongMode) == 0) {
    missing.push_back("64-bit mode");
  }
  if ((extended_edx & kNoExecute) == 0) {
    missing.push_back("no-execute pages");
  }
  const auto* features = Find(supported, kLeafFeatures);
  if (features == nullptr || (features->ecx & kX2Apic) == 0) {
    missing.push_back("x2APIC");
  }
  return missing;
}

}  // namespace vmm
