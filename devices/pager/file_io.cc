#include "devices/pager/file_io.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>

namespace pager {

namespace {

class HostIo final : public FileIo {};

int CountOf(std::span<const iovec> pieces) { return static_cast<int>(std::min<size_t>(pieces.size(), IOV_MAX)); }

}  // namespace

FileIo& FileIo::Host() {
  static HostIo io;
  return io;
}

ssize_t FileIo::Read(int file, std::span<const iovec> pieces, uint64_t offset, int flags) {
  return ::preadv2(file, pieces.data(), CountOf(pieces), static_cast<off_t>(offset), flags);
}

ssize_t FileIo::Write(int file, std::span<const iovec> pieces, uint64_t offset) {
  return ::pwritev(file, pieces.data(), CountOf(pieces), static_cast<off_t>(offset));
}

int FileIo::Allocate(int file, int mode, uint64_t offset, uint64_t length) {
  return ::fallocate(file, mode, static_cast<off_t>(offset), static_cast<off_t>(length));
}

int FileIo::Truncate(int file, uint64_t size) { return ::ftruncate(file, static_cast<off_t>(size)); }

int FileIo::Sync(int file) { return ::fdatasync(file); }

}  // namespace pager
