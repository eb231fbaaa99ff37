#include "vmm/observe/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "devices/core/poll.h"

namespace vmm {
namespace {

bool IsPipe(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

// Opening a pipe does not wait for its reader. The descriptor is ours alone, also of a path like /dev/stdout, so that
// nobody else has to live with its being non-blocking.
Result<OutputFile> OutputFile::Open(const std::string& path, std::chrono::milliseconds patience) {
  dev::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666));
  if (!file.valid()) {
    const int error = errno;
    return error == ENXIO && IsPipe(path) ? BadInput("{}: is a pipe that nobody reads", path)
                                          : BadInput("{}: {}", path, std::strerror(error));
  }
  return OutputFile(path, std::move(file), patience);
}

Result<> OutputFile::Empty() {
  // EINVAL: a pipe or a device.
  if (std::exchange(emptied_, true) || ::ftruncate(file_.get(), 0) == 0 || errno == EINVAL) {
    return {};
  }
  return HostFailure(errno, path_);
}

Result<> OutputFile::AwaitReader() const {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + patience_;
  while (!dev::IsReady(file_.get(), POLLOUT)) {
    const Clock::duration left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) {
      return base::Failure{Error(kExitHostFailure, path_ + ": its reader takes nothing")};
    }
    std::array<pollfd, 1> descriptors = {pollfd{.fd = file_.get(), .events = POLLOUT, .revents = 0}};
    dev::WaitUntilReady(descriptors, left);
  }
  return {};
}

Result<> OutputFile::Write(std::string_view text) {
  if (failure_.ok() && !text.empty()) {
    failure_ = Empty();
  }
  while (failure_.ok() && !text.empty()) {
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      failure_ = AwaitReader();
    } else if (errno != EINTR) {
      failure_ = HostFailure(errno, path_);
    }
  }
  return failure_;
}

}  // namespace vmm
