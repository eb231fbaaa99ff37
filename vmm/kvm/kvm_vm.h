// One virtual machine of KVM: memory slots, interrupt routing, doorbells, vCPUs.
//
// Thread: KVM serialises these ioctls itself; any thread may call any method.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"
#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

class KvmVm {
 public:
  // `run_size`: bytes of the structure that each vCPU shares with us (KVM_GET_VCPU_MMAP_SIZE).
  KvmVm(UniqueFd fd, size_t run_size) : fd_(std::move(fd)), run_size_(run_size) {}

  // KVM_CHECK_EXTENSION on the machine, where the answer may be narrower than the system's.
  [[nodiscard]] int CheckExtension(int capability) const;

  // KVM_ENABLE_CAP with one argument.
  [[nodiscard]] Result<> EnableCapability(uint32_t capability, uint64_t argument);

  // KVM_SET_TSS_ADDR: three pages that KVM may need for itself on Intel hosts; no RAM may lie there.
  [[nodiscard]] Result<> SetTssAddress(uint64_t address);

  // KVM_SET_IDENTITY_MAP_ADDR: one more such page. Before the first vCPU.
  [[nodiscard]] Result<> SetIdentityMapAddress(uint64_t address);

  // KVM_SET_USER_MEMORY_REGION. The host memory must outlive the machine.
  [[nodiscard]] Result<> SetUserMemoryRegion(const kvm_userspace_memory_region& region);

  // KVM_SET_GSI_ROUTING: replaces the whole table.
  [[nodiscard]] Result<> SetGsiRouting(std::span<const kvm_irq_routing_entry> routes);

  // KVM_IRQFD: a write to `event_fd` raises `gsi`. The descriptor is borrowed for the life of the machine.
  [[nodiscard]] Result<> AssignIrqFd(int event_fd, uint32_t gsi);

  // KVM_IOEVENTFD: a matching guest write signals the descriptor in `binding` and does not exit.
  [[nodiscard]] Result<> AssignIoEventFd(const kvm_ioeventfd& binding);

  // KVM_CREATE_VCPU. `id` is also the APIC id.
  [[nodiscard]] Result<KvmVcpu> CreateVcpu(uint32_t id);

 private:
  UniqueFd fd_;
  size_t run_size_;
};

}  // namespace vmm
