// The one call of ioctl(2) for KVM descriptors: retried when a signal interrupts it, errno as the result.
#pragma once

#include <sys/ioctl.h>

#include <cerrno>
#include <string_view>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"

namespace vmm {

// The ioctl's non-negative result, or an error that begins with `name`, the ioctl's name.
template <typename Argument>
Result<int> KvmIoctl(const UniqueFd& fd, unsigned long request, Argument argument, std::string_view name) {
  int result = -1;
  do {
    result = ioctl(fd.get(), request, argument);
  } while (result < 0 && errno == EINTR);
  if (result < 0) {
    return HostFailure(errno, name);
  }
  return result;
}

}  // namespace vmm
