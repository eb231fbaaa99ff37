// A virtual machine of one vCPU with a few instructions in it: what KVM itself costs, without a kernel in the guest.
//
// It starts in the ring in which it stays, with memory mapped one to one. Its interrupt table has a breakpoint in it
// and no more: whatever else it should not do ends as a shutdown. Ring 3 is there because software KVM runs ring 0 in
// an emulator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/benchmarks/mapped_memory.h"
#include "vmm/kvm/kvm_vcpu.h"
#include "vmm/kvm/kvm_vm.h"

namespace bench {

enum class Ring { kZero, kThree };

// For ring 0: writes a byte to a port, for ever. For ring 3: stores to kDeviceAddress, for ever.
[[nodiscard]] std::span<const std::byte> PortWriterCode();
[[nodiscard]] std::span<const std::byte> DeviceWriterCode();
// For ring 3; see MeasureTouches.
[[nodiscard]] std::span<const std::byte> PageToucherCode();

// What ring 0 does about a trap from ring 3.
enum class TrapHandler {
  kReturn,       // iretq alone
  kChangeRoots,  // loads another page-table root and the first one again, then iretq
};

class BareGuest {
 public:
  static constexpr size_t kMaxTouches = 4096;

  // Not entered yet, in ring 3; for MeasureTraps.
  static vmm::Result<BareGuest> CreateTrapper(TrapHandler handler);

  // `more_memory`: shown to the guest at 1 GiB; borrowed for the life of the guest; may be empty.
  static vmm::Result<BareGuest> Create(std::span<const std::byte> code, Ring ring,
                                       std::span<std::byte> more_memory = {});

  // Runs until KVM returns with `exit_reason` (KVM_EXIT_IO, KVM_EXIT_MMIO). Any other exit is a failure.
  vmm::Result<> RunUntil(uint32_t exit_reason);

  // KVM_RUN that KVM ends before the guest is entered.
  vmm::Result<> RunWithoutEntry();

  // With PageToucherCode, once: reads a byte of each of these pages of `more_memory`. Cycles of each read, as the guest
  // saw them. At most kMaxTouches pages.
  vmm::Result<std::vector<double>> MeasureTouches(std::span<const uint32_t> pages);

  // With CreateTrapper, once: cycles of each of `count` traps from ring 3 and back. At most kMaxTouches.
  vmm::Result<std::vector<double>> MeasureTraps(size_t count);

 private:
  BareGuest(MappedMemory memory, vmm::KvmVm vm, vmm::KvmVcpu vcpu)
      : memory_(std::move(memory)), vm_(std::move(vm)), vcpu_(std::move(vcpu)) {}

  // Runs code that leaves `count` results behind before its first access to the device.
  vmm::Result<std::vector<double>> RunForResults(size_t count);

  MappedMemory memory_;
  vmm::KvmVm vm_;
  vmm::KvmVcpu vcpu_;
};

}  // namespace bench
