// /dev/kvm: what this host's KVM is and can do, and where virtual machines come from.
//
// The wrappers in this folder hold a file descriptor each, translate errno into Result and do nothing else: one method
// per ioctl, no policy, no state of their own. They are the only code that includes <linux/kvm.h>.
#pragma once

#include <linux/kvm.h>

#include <string>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"
#include "vmm/kvm/kvm_vm.h"

namespace vmm {

class KvmSystem {
 public:
  // Opens the device file. Fails with kExitHostCannotRun and the next step for the user where the file is missing, not
  // permitted, or not KVM's.
  static Result<KvmSystem> Open(const std::string& path);

  // KVM_GET_API_VERSION. KVM_API_VERSION (12) is the only one in use since 2007.
  [[nodiscard]] int ApiVersion() const { return api_version_; }

  // KVM_CHECK_EXTENSION: 0 when the capability is absent, else its (capability-specific) positive value.
  [[nodiscard]] int CheckExtension(int capability) const;

  // KVM_GET_SUPPORTED_CPUID.
  [[nodiscard]] Result<std::vector<kvm_cpuid_entry2>> SupportedCpuid() const;

  // KVM_CREATE_VM, with KVM_GET_VCPU_MMAP_SIZE for the vCPUs that it will make.
  [[nodiscard]] Result<KvmVm> CreateVm() const;

 private:
  KvmSystem(UniqueFd fd, int api_version) : fd_(std::move(fd)), api_version_(api_version) {}

  UniqueFd fd_;
  int api_version_;
};

}  // namespace vmm
