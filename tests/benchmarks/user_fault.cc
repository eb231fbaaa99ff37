#include "tests/benchmarks/user_fault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bench {
namespace {

// The descriptor must also take faults of the kernel: those of a guest come out of KVM. userfaultfd(2) and, for those
// whom it does not permit that, the device file.
vmm::Result<vmm::UniqueFd> OpenUserFaultFd() {
  constexpr int kFlags = O_CLOEXEC | O_NONBLOCK;
  vmm::UniqueFd fd(static_cast<int>(syscall(SYS_userfaultfd, kFlags)));
#ifdef USERFAULTFD_IOC_NEW
  if (!fd.valid() && errno == EPERM) {
    const vmm::UniqueFd device(open("/dev/userfaultfd", O_RDWR | O_CLOEXEC));
    fd = vmm::UniqueFd(device.valid() ? ioctl(device.get(), USERFAULTFD_IOC_NEW, kFlags) : -1);
  }
#endif
  if (!fd.valid()) {
    return vmm::HostFailure(errno, "userfaultfd (as root, or with vm.unprivileged_userfaultfd=1)");
  }
  uffdio_api api = {};
  api.api = UFFD_API;
  if (ioctl(fd.get(), UFFDIO_API, &api) != 0) {
    return vmm::HostFailure(errno, "UFFDIO_API");
  }
  return fd;
}

// SAFETY: addresses cross to the kernel as numbers.
uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

vmm::Result<> RegisterMissing(const vmm::UniqueFd& fd, const MappedMemory& memory) {
  uffdio_register request = {};
  request.range = {.start = AddressOf(memory.data()), .len = memory.size()};
  request.mode = UFFDIO_REGISTER_MODE_MISSING;
  if (ioctl(fd.get(), UFFDIO_REGISTER, &request) != 0) {
    return vmm::HostFailure(errno, "UFFDIO_REGISTER");
  }
  return {};
}

}  // namespace

vmm::Result<> CheckUserFaults() {
  PAGODA_TRY(OpenUserFaultFd());
  return {};
}

vmm::Result<std::unique_ptr<UserFaultMemory>> UserFaultMemory::Create(std::span<const std::byte> content,
                                                                      const UserFaultOptions& options) {
  PAGODA_TRY_ASSIGN(vmm::UniqueFd fd, OpenUserFaultFd());
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(content.size()));
  PAGODA_TRY(RegisterMissing(fd, memory));
  vmm::UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) {
    return vmm::HostFailure(errno, "eventfd");
  }
  std::unique_ptr<UserFaultMemory> result(new UserFaultMemory(std::move(fd), std::move(stop), std::move(memory)));
  result->content_ = content;
  result->thread_ = std::thread([raw = result.get(), options] { raw->Serve(options); });
  return result;
}

UserFaultMemory::~UserFaultMemory() {
  stopping_.store(true);
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void UserFaultMemory::Serve(const UserFaultOptions& options) {
  std::array<pollfd, 2> events = {pollfd{fd_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
  while (!stopping_.load()) {
    if (options.wait == FaultWait::kPoll) {
      poll(events.data(), events.size(), -1);
    }
    AnswerOne(options.pages_per_copy);
  }
}

void UserFaultMemory::AnswerOne(size_t pages) {
  uffd_msg message;
  if (read(fd_.get(), &message, sizeof(message)) != sizeof(message) || message.event != UFFD_EVENT_PAGEFAULT) {
    return;
  }
  const size_t window = pages * base::kPageSize;
  const size_t offset = base::AlignDown(message.arg.pagefault.address - AddressOf(memory_.data()), window);
  Copy(offset, std::min(window, content_.size() - offset));
}

void UserFaultMemory::Copy(size_t offset, size_t length) {
  uffdio_copy request = {};
  request.dst = AddressOf(memory_.data() + offset);
  request.src = AddressOf(content_.data() + offset);
  request.len = length;
  if (ioctl(fd_.get(), UFFDIO_COPY, &request) == 0 || errno == EEXIST) {
    return;
  }
  // The toucher must not wait for ever: without the registration the page is an ordinary one.
  failed_.store(true);
  uffdio_range all = {.start = AddressOf(memory_.data()), .len = memory_.size()};
  ioctl(fd_.get(), UFFDIO_UNREGISTER, &all);
}

}  // namespace bench
