#include "vmm/loader/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace vmm {
namespace {

base::Failure<Error> CannotRead(const std::string& path, int error_number) {
  return BadInput("{}: {}", path, std::generic_category().message(error_number));
}

}  // namespace

Result<InputFile> InputFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its other end; regular files ignore it.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    return CannotRead(path, errno);
  }
  struct stat status = {};
  if (fstat(fd.get(), &status) != 0) {
    return CannotRead(path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return BadInput("{}: not a regular file", path);
  }
  return InputFile(path, std::move(fd), static_cast<uint64_t>(status.st_size));
}

Result<> InputFile::ReadAt(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return CannotRead(path_, errno);
    }
    if (count == 0) {
      return BadInput("{}: truncated: no bytes at offset {}", path_, offset);
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

}  // namespace vmm
