#include "devices/pager/file/file_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "devices/pager/host_status.h"
#include "devices/pager/pieces.h"
#include "shared/base/range.h"

namespace pager {

namespace {

// Keeps every sum of an offset and a length, rounded up to pages, far from wrapping around.
constexpr uint64_t kMaxSize = uint64_t{1} << 62;

base::Failure<dev::Error> Bad(const std::string& name, std::string_view reason) {
  return base::Failure{dev::Error{name + ": " + std::string(reason)}};
}

// The size of a regular file or a block device in bytes; nullopt for anything else.
std::optional<uint64_t> SizeOf(int file, const struct stat& status) {
  if (S_ISREG(status.st_mode)) {
    return static_cast<uint64_t>(status.st_size);
  }
  uint64_t size;
  if (S_ISBLK(status.st_mode) && ::ioctl(file, BLKGETSIZE64, &size) == 0) {
    return size;
  }
  return std::nullopt;
}

// The errno of `call`, which is repeated when a signal has come in between; 0 when it did what it should.
template <typename Call>
int ErrorOf(Call call) {
  while (call() != 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

zx_status_t StatusOf(int error) { return error == 0 ? ZX_OK : StatusOfTransfer(error); }

}  // namespace

base::Result<std::shared_ptr<FileStore>, dev::Error> FileStore::Create(dev::UniqueFd file, std::string name,
                                                                       FileAccess access) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) {
    return Bad(name, std::strerror(errno));
  }
  const auto size = SizeOf(file.get(), status);
  if (!size) {
    return Bad(name, S_ISDIR(status.st_mode) ? "is a directory" : "is neither a file nor a block device");
  }
  if (*size > kMaxSize) {
    return Bad(name, "is too large");
  }
  if (access == FileAccess::kResizable && !S_ISREG(status.st_mode)) {
    return Bad(name, "is a block device, which cannot be resizable");
  }
  return std::make_shared<FileStore>(std::move(file), std::move(name), *size, access);
}

FileStore::FileStore(dev::UniqueFd file, std::string name, uint64_t content_size, FileAccess access, FileIo& io)
    : file_(std::move(file)),
      name_(std::move(name)),
      access_(access),
      io_(io),
      medium_(MediumOf(file_.get())),
      content_size_(content_size) {}

base::Result<void, zx_status_t> FileStore::TakeSizeOfFile() {
  struct stat status;
  const auto size = ::fstat(file_.get(), &status) == 0 ? SizeOf(file_.get(), status) : std::nullopt;
  if (!size || *size > kMaxSize) {
    return base::Failure{size ? ZX_ERR_OUT_OF_RANGE : ZX_ERR_IO};
  }
  content_size_ = *size;
  return {};
}

std::string FileStore::content_version() const {
  struct stat status;
  if (::fstat(file_.get(), &status) != 0) {
    return {};
  }
  // Of a block device only its size is known: nothing says when somebody wrote to it.
  if (!S_ISREG(status.st_mode)) {
    return {};
  }
  return "file inode=" + std::to_string(status.st_ino) + " size=" + std::to_string(status.st_size) +
         " mtime=" + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

FileStore::Medium FileStore::MediumOf(int file) {
  struct stat status;
  if (::fstat(file, &status) == 0 && S_ISBLK(status.st_mode)) {
    return Medium::kDevice;
  }
  struct statfs system;
  const bool in_memory =
      ::fstatfs(file, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
  return in_memory ? Medium::kMemory : Medium::kDisk;
}

ObjectInfo FileStore::info() const {
  const uint64_t content_size = content_size_;
  return {.size = base::AlignUp(content_size, base::kPageSize),
          .content_size = content_size,
          .read_only = access_ == FileAccess::kReadOnly,
          .resizable = access_ == FileAccess::kResizable};
}

std::optional<FileRange> FileStore::RangeOf(uint64_t offset, uint64_t length) const {
  const uint64_t content_size = content_size_;
  const uint64_t content = content_size - std::min(content_size, offset);
  return FileRange{.descriptor = file_.get(), .offset = offset, .length = std::min(content, length)};
}

zx_status_t FileStore::Read(uint64_t offset, std::span<const iovec> pages) {
  return ReadFileRange(*RangeOf(offset, LengthOf(pages)), pages, Waiting::kAllowed, io_);
}

zx_status_t FileStore::ReadNow(uint64_t offset, std::span<const iovec> pages) {
  const Waiting waiting = medium_ == Medium::kMemory ? Waiting::kAllowed : Waiting::kNever;
  return ReadFileRange(*RangeOf(offset, LengthOf(pages)), pages, waiting, io_);
}

zx_status_t FileStore::Write(uint64_t offset, std::span<const iovec> data) {
  return WriteFileRange({.descriptor = file_.get(), .offset = offset, .length = LengthOf(data)}, data, io_);
}

zx_status_t FileStore::Zero(uint64_t offset, uint64_t length) {
  // Of a device only whole sectors can be zeroed, which its own size consists of.
  const int mode = medium_ == Medium::kDevice ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE;
  const int error = ErrorOf([&] { return io_.Allocate(file_.get(), mode | FALLOC_FL_KEEP_SIZE, offset, length); });
  return error == EOPNOTSUPP || error == EINVAL ? Store::Zero(offset, length) : StatusOf(error);
}

zx_status_t FileStore::SetSize(uint64_t content_size) {
  if (access_ != FileAccess::kResizable) {
    return ZX_ERR_NOT_SUPPORTED;
  }
  if (content_size > kMaxSize) {
    return ZX_ERR_NO_SPACE;
  }
  const int error = ErrorOf([&] { return io_.Truncate(file_.get(), content_size); });
  if (error == 0) {
    content_size_ = content_size;
  }
  return StatusOf(error);
}

zx_status_t FileStore::Sync() {
  return StatusOf(ErrorOf([this] { return io_.Sync(file_.get()); }));
}

void FileStore::OnLost(zx_status_t status) { ReportLost(name_, status); }

}  // namespace pager
