#include "vmm/kvm/kvm_system.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/kvm_table.h"

namespace vmm {
namespace {

base::Failure<Error> ExplainOpenFailure(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT:
      return HostCannotRun(
          fmt::format("{}: no such device — load the kvm_intel or kvm_amd module, enable virtualization in the "
                      "firmware, or pass the device into this container or virtual machine",
                      path));
    case EACCES:
    case EPERM:
      return HostCannotRun(
          fmt::format("{}: permission denied — join the group that owns it (often: sudo usermod -aG kvm $USER, then "
                      "log in again) or run as root",
                      path));
    default:
      return HostCannotRun(
          fmt::format("{}: {} — the KVM module is loaded but not usable here", path, std::strerror(error_number)));
  }
}

}  // namespace

Result<KvmSystem> KvmSystem::Open(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) {
    return ExplainOpenFailure(path, errno);
  }
  const int api_version = ioctl(fd.get(), KVM_GET_API_VERSION, 0);
  if (api_version < 0) {
    return HostCannotRun(fmt::format("{}: not a KVM device — check what this file is (ls -l {})", path, path));
  }
  return KvmSystem(std::move(fd), api_version);
}

int KvmSystem::CheckExtension(int capability) const {
  const int value = ioctl(fd_.get(), KVM_CHECK_EXTENSION, capability);
  return std::max(value, 0);
}

Result<std::vector<kvm_cpuid_entry2>> KvmSystem::SupportedCpuid() const {
  KvmCpuidTable table = KvmCpuidTable::WithRoom();
  PAGODA_TRY(KvmIoctl(fd_, kGetSupportedCpuid, &table, "KVM_GET_SUPPORTED_CPUID"));
  return std::vector<kvm_cpuid_entry2>(table.entries, table.entries + table.header.count);
}

Result<KvmVm> KvmSystem::CreateVm() const {
  PAGODA_TRY_ASSIGN(const int run_size, KvmIoctl(fd_, KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE"));
  PAGODA_TRY_ASSIGN(const int vm_fd, KvmIoctl(fd_, KVM_CREATE_VM, 0, "KVM_CREATE_VM"));
  return KvmVm(UniqueFd(vm_fd), static_cast<size_t>(run_size));
}

}  // namespace vmm
