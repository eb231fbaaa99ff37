#include "tests/benchmarks/bare_guest.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/arch/x86_64/start_state.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/machine/host_check.h"

extern "C" {
extern const std::byte kBenchPortWriterBegin[];
extern const std::byte kBenchPortWriterEnd[];
extern const std::byte kBenchDeviceWriterBegin[];
extern const std::byte kBenchDeviceWriterEnd[];
extern const std::byte kBenchPageToucherBegin[];
extern const std::byte kBenchPageToucherEnd[];
}

namespace bench {
namespace {

// The guest's address space.
constexpr uint64_t kLowMemorySize = 2 << 20;
constexpr uint64_t kRootTable = 0x1000;  // then one second-level and kDirectories third-level tables
constexpr uint64_t kCodeAddress = 0x10000;
constexpr uint64_t kPageListAddress = 0x20000;
constexpr uint64_t kResultsAddress = 0x40000;
constexpr uint64_t kMoreMemoryAddress = 1 << 30;
constexpr uint64_t kDeviceAddress = 0xd000'0000;       // nothing there: an exit
constexpr uint64_t kIdentityMapAddress = 0xfffb'c000;  // KVM document, KVM_SET_IDENTITY_MAP_ADDR
constexpr uint64_t kTssAddress = 0xfffb'd000;          // and KVM_SET_TSS_ADDR
constexpr uint64_t kDirectories = 4;                   // each maps 1 GiB

// SDM 3A, section 4.5: present, writable, ring 3 too; accessed, dirty, 2 MiB.
constexpr uint64_t kTableBits = 0x7;
constexpr uint64_t kLeafBits = 0xe7;

void WriteTables(std::byte* memory) {
  auto write = [memory](uint64_t table, uint64_t index, uint64_t entry) {
    std::memcpy(memory + table + index * sizeof(entry), &entry, sizeof(entry));
  };
  const uint64_t second = kRootTable + base::kPageSize;
  write(kRootTable, 0, second | kTableBits);
  for (uint64_t i = 0; i < kDirectories; ++i) {
    const uint64_t directory = second + (i + 1) * base::kPageSize;
    write(second, i, directory | kTableBits);
    for (uint64_t j = 0; j < 512; ++j) {
      write(directory, j, (i << 30 | j << 21) | kLeafBits);
    }
  }
}

vmm::Result<> ShowMemory(vmm::KvmVm& vm, uint32_t slot, uint64_t address, std::span<std::byte> memory) {
  kvm_userspace_memory_region region = {};
  region.slot = slot;
  region.guest_phys_addr = address;
  region.memory_size = memory.size();
  // SAFETY: KVM takes the address of our memory as a number.
  region.userspace_addr = reinterpret_cast<uint64_t>(memory.data());
  return vm.SetUserMemoryRegion(region);
}

vmm::Result<> SetStartState(vmm::KvmVcpu& vcpu, Ring ring) {
  const vmm::CpuStart start = {.index = 0, .entry = kCodeAddress, .boot_info = 0, .page_table_root = kRootTable};
  PAGODA_TRY_ASSIGN(const kvm_sregs reset, vcpu.GetSystemRegisters());
  kvm_sregs system = vmm::StartSystemRegisters(reset, start);
  system.apic_base = reset.apic_base;  // this machine has no APIC
  if (ring == Ring::kThree) {
    system.cs.selector = 0x33;
    system.ss.selector = 0x2b;
    system.cs.dpl = system.ss.dpl = 3;
  }
  PAGODA_TRY(vcpu.SetSystemRegisters(system));
  kvm_regs registers = vmm::StartRegisters(start);
  registers.r8 = kDeviceAddress;
  return vcpu.SetRegisters(registers);
}

}  // namespace

std::span<const std::byte> PortWriterCode() { return {kBenchPortWriterBegin, kBenchPortWriterEnd}; }
std::span<const std::byte> DeviceWriterCode() { return {kBenchDeviceWriterBegin, kBenchDeviceWriterEnd}; }
std::span<const std::byte> PageToucherCode() { return {kBenchPageToucherBegin, kBenchPageToucherEnd}; }

vmm::Result<BareGuest> BareGuest::Create(std::span<const std::byte> code, Ring ring, std::span<std::byte> more_memory) {
  PAGODA_TRY_ASSIGN(const vmm::UsableHost host, vmm::OpenUsableHost("/dev/kvm"));
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(kLowMemorySize));
  WriteTables(memory.data());
  std::copy(code.begin(), code.end(), memory.data() + kCodeAddress);
  PAGODA_TRY_ASSIGN(vmm::KvmVm vm, host.system.CreateVm());
  PAGODA_TRY(vm.SetIdentityMapAddress(kIdentityMapAddress));
  PAGODA_TRY(vm.SetTssAddress(kTssAddress));
  PAGODA_TRY(ShowMemory(vm, 0, 0, {memory.data(), memory.size()}));
  if (!more_memory.empty()) {
    PAGODA_TRY(ShowMemory(vm, 1, kMoreMemoryAddress, more_memory));
  }
  PAGODA_TRY_ASSIGN(vmm::KvmVcpu vcpu, vm.CreateVcpu(0));
  PAGODA_TRY(
      vcpu.SetCpuid(vmm::CpuidForCpu(host.supported_cpuid, {.index = 0, .cpu_count = 1, .tsc_deadline = false})));
  PAGODA_TRY(SetStartState(vcpu, ring));
  return BareGuest(std::move(memory), std::move(vm), std::move(vcpu));
}

vmm::Result<> BareGuest::RunUntil(uint32_t exit_reason) {
  int error_number = 0;
  do {
    error_number = vcpu_.Run();
  } while (error_number == EINTR);
  if (error_number != 0) {
    return vmm::HostFailure(error_number, "KVM_RUN");
  }
  if (vcpu_.run().exit_reason != exit_reason) {
    return base::Failure{vmm::Error(vmm::kExitGuestUnrunnable,
                                    fmt::format("the bare guest ended with exit reason {}", vcpu_.run().exit_reason))};
  }
  return {};
}

vmm::Result<> BareGuest::RunWithoutEntry() {
  vcpu_.RequestExit();
  const int error_number = vcpu_.Run();
  vcpu_.run().immediate_exit = 0;
  if (error_number != EINTR) {
    return vmm::HostFailure(error_number, "KVM_RUN with immediate_exit");
  }
  return {};
}

vmm::Result<std::vector<double>> BareGuest::MeasureTouches(std::span<const uint32_t> pages) {
  PAGODA_TRY_ASSIGN(kvm_regs registers, vcpu_.GetRegisters());
  registers.rdi = kMoreMemoryAddress;
  registers.rsi = kPageListAddress;
  registers.rdx = pages.size();
  registers.rcx = kResultsAddress;
  PAGODA_TRY(vcpu_.SetRegisters(registers));
  std::memcpy(memory_.data() + kPageListAddress, pages.data(), pages.size_bytes());
  PAGODA_TRY(RunUntil(KVM_EXIT_MMIO));
  std::vector<uint32_t> cycles(pages.size());
  std::memcpy(cycles.data(), memory_.data() + kResultsAddress, pages.size_bytes());
  return std::vector<double>(cycles.begin(), cycles.end());
}

}  // namespace bench
