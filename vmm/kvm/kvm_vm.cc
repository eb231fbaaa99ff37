#include "vmm/kvm/kvm_vm.h"

#include <algorithm>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/kvm_table.h"

namespace vmm {

int KvmVm::CheckExtension(int capability) const {
  return std::max(ioctl(fd_.get(), KVM_CHECK_EXTENSION, capability), 0);
}

Result<> KvmVm::EnableCapability(uint32_t capability, uint64_t argument) {
  kvm_enable_cap request = {};
  request.cap = capability;
  request.args[0] = argument;
  PAGODA_TRY(KvmIoctl(fd_, KVM_ENABLE_CAP, &request, "KVM_ENABLE_CAP"));
  return {};
}

Result<> KvmVm::SetTssAddress(uint64_t address) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_TSS_ADDR, address, "KVM_SET_TSS_ADDR"));
  return {};
}

Result<> KvmVm::SetIdentityMapAddress(uint64_t address) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_IDENTITY_MAP_ADDR, &address, "KVM_SET_IDENTITY_MAP_ADDR"));
  return {};
}

Result<> KvmVm::SetUserMemoryRegion(const kvm_userspace_memory_region& region) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION"));
  return {};
}

Result<> KvmVm::SetGsiRouting(std::span<const kvm_irq_routing_entry> routes) {
  if (routes.size() > kMaxInterruptRoutes) {
    return HostFailure(E2BIG, "KVM_SET_GSI_ROUTING");
  }
  const KvmRoutingTable table = KvmRoutingTable::Holding(routes);
  PAGODA_TRY(KvmIoctl(fd_, kSetGsiRouting, &table, "KVM_SET_GSI_ROUTING"));
  return {};
}

Result<> KvmVm::AssignIrqFd(int event_fd, uint32_t gsi) {
  kvm_irqfd request = {};
  request.fd = static_cast<uint32_t>(event_fd);
  request.gsi = gsi;
  PAGODA_TRY(KvmIoctl(fd_, KVM_IRQFD, &request, "KVM_IRQFD"));
  return {};
}

Result<> KvmVm::AssignIoEventFd(const kvm_ioeventfd& binding) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_IOEVENTFD, &binding, "KVM_IOEVENTFD"));
  return {};
}

Result<KvmVcpu> KvmVm::CreateVcpu(uint32_t id) {
  // The request's argument is a plain number of the width of a pointer.
  PAGODA_TRY_ASSIGN(const int vcpu_fd,
                    KvmIoctl(fd_, KVM_CREATE_VCPU, static_cast<unsigned long>(id), "KVM_CREATE_VCPU"));
  return KvmVcpu::Create(UniqueFd(vcpu_fd), run_size_);
}

}  // namespace vmm
