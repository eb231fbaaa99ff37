// A virtual machine of one vCPU with a few instructions in it: what KVM itself costs, without a kernel in the guest.
//
// It starts in the ring in which it stays, with memory mapped one to one, and has no interrupt table: whatever it
// should not do ends as a shutdown. Ring 3 is there because software KVM runs ring 0 in an emulator.
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

class BareGuest {
 public:
  static constexpr size_t kMaxTouches = 4096;

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

 private:
  BareGuest(MappedMemory memory, vmm::KvmVm vm, vmm::KvmVcpu vcpu)
      : memory_(std::move(memory)), vm_(std::move(vm)), vcpu_(std::move(vcpu)) {}

  MappedMemory memory_;
  vmm::KvmVm vm_;
  vmm::KvmVcpu vcpu_;
};

}  // namespace bench
