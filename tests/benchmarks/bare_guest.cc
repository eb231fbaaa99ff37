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
extern const std::byte kBenchTrapperBegin[];
extern const std::byte kBenchTrapHandler[];
extern const std::byte kBenchRootTrapHandler[];
extern const std::byte kBenchTrapperEnd[];
}

namespace bench {
namespace {

// The guest's address space.
constexpr uint64_t kLowMemorySize = 2 << 20;
constexpr uint64_t kRootTable = 0x1000;  // then one second-level and kDirectories third-level tables
constexpr uint64_t kSecondRootTable = 0x7000;
constexpr uint64_t kSegmentTable = 0x8000;
constexpr uint64_t kTaskSegment = 0x8100;
constexpr uint64_t kInterruptTable = 0x9000;
constexpr uint64_t kTrapStackTop = 0xb000;
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

// Flat segments at Linux's selectors, which software KVM insists on, and a task segment at 0x40 (SDM 3A, figures 5-1
// and 8-4).
constexpr uint64_t kSegments[] = {0,
                                  0,
                                  0x00af'9b00'0000'ffff,
                                  0x00cf'9300'0000'ffff,
                                  0,
                                  0x00cf'f300'0000'ffff,
                                  0x00af'fb00'0000'ffff,
                                  0,
                                  0x0000'8900'0000'0067 | kTaskSegment << 16,  // the base is below 16 MiB
                                  0};
constexpr uint16_t kTaskSelector = 0x40;
constexpr uint16_t kTaskLimit = 0x67;
constexpr uint64_t kBreakpointVector = 3;

// A gate that ring 3 may use, to code of ring 0 (SDM 3A, figure 6-8) in the low 4 GiB.
void WriteTrapTables(std::byte* memory, uint64_t handler) {
  std::memcpy(memory + kSecondRootTable, memory + kRootTable, base::kPageSize);
  std::memcpy(memory + kSegmentTable, kSegments, sizeof(kSegments));
  std::memcpy(memory + kTaskSegment + 4, &kTrapStackTop, sizeof(kTrapStackTop));  // RSP0
  constexpr uint64_t kGate = 0x0000'ee00'0010'0000;  // selector 0x10, DPL 3, interrupt gate
  const uint64_t gate = kGate | (handler & 0xffff) | (handler >> 16 & 0xffff) << 48;
  std::memcpy(memory + kInterruptTable + kBreakpointVector * 16, &gate, sizeof(gate));
}

void ShowTrapTables(kvm_sregs& system) {
  system.gdt.base = kSegmentTable;
  system.gdt.limit = sizeof(kSegments) - 1;
  system.idt.base = kInterruptTable;
  system.idt.limit = (kBreakpointVector + 1) * 16 - 1;
  system.tr.selector = kTaskSelector;
  system.tr.base = kTaskSegment;
  system.tr.limit = kTaskLimit;
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
    ShowTrapTables(system);
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

vmm::Result<std::vector<double>> BareGuest::RunForResults(size_t count) {
  PAGODA_TRY_ASSIGN(kvm_regs registers, vcpu_.GetRegisters());
  registers.rdi = kMoreMemoryAddress;
  registers.rsi = kPageListAddress;
  registers.rdx = count;
  registers.rcx = kResultsAddress;
  registers.rbx = kSecondRootTable;
  registers.rbp = kRootTable;
  PAGODA_TRY(vcpu_.SetRegisters(registers));
  PAGODA_TRY(RunUntil(KVM_EXIT_MMIO));
  std::vector<uint32_t> cycles(count);
  std::memcpy(cycles.data(), memory_.data() + kResultsAddress, count * sizeof(cycles[0]));
  return std::vector<double>(cycles.begin(), cycles.end());
}

vmm::Result<std::vector<double>> BareGuest::MeasureTouches(std::span<const uint32_t> pages) {
  std::memcpy(memory_.data() + kPageListAddress, pages.data(), pages.size_bytes());
  return RunForResults(pages.size());
}

vmm::Result<BareGuest> BareGuest::CreateTrapper(TrapHandler handler) {
  PAGODA_TRY_ASSIGN(BareGuest guest, Create({kBenchTrapperBegin, kBenchTrapperEnd}, Ring::kThree));
  const std::byte* code = handler == TrapHandler::kReturn ? kBenchTrapHandler : kBenchRootTrapHandler;
  WriteTrapTables(guest.memory_.data(), kCodeAddress + static_cast<uint64_t>(code - kBenchTrapperBegin));
  return guest;
}

vmm::Result<std::vector<double>> BareGuest::MeasureTraps(size_t count) { return RunForResults(count); }

}  // namespace bench
