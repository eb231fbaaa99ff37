#include "devices/pager/file/file_pager.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "shared/base/range.h"

namespace pager {

namespace {

// Keeps every sum of an offset and a length, rounded up to pages, far from wrapping around.
constexpr uint64_t kMaxSize = uint64_t{1} << 62;

base::Failure<dev::Error> Bad(const std::string& path, std::string_view reason) {
  return base::Failure{dev::Error{path + ": " + std::string(reason)}};
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

}  // namespace

ObjectInfo FileSource::info() const {
  return {.size = base::AlignUp(content_size_, base::kPageSize),
          .content_size = content_size_,
          .read_only = access_ == FileAccess::kReadOnly};
}

// What the file has of the range; beyond the content are zeros, also where the file has grown since.
void FileSource::Read(ReadRequest request) {
  const uint64_t content = content_size_ - std::min(content_size_, request.offset());
  const FileRange range{
      .descriptor = file_.get(), .offset = request.offset(), .length = std::min(content, request.length())};
  request.CompleteFromFile(range);
}

base::Result<std::unique_ptr<FilePager>, dev::Error> FilePager::Create(const std::string& path, FileAccess access) {
  if (path.empty()) {
    return Bad("file", "no path given");
  }
  const int mode = access == FileAccess::kReadOnly ? O_RDONLY : O_RDWR;
  // Non-blocking so that opening a FIFO returns; it has no meaning for files and block devices.
  dev::UniqueFd file(::open(path.c_str(), mode | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    const int error = errno;
    const bool may_help = access == FileAccess::kReadWrite && (error == EACCES || error == EROFS || error == ETXTBSY);
    return Bad(path, std::string(std::strerror(error)) +
                         (may_help ? " (opened for writing: ',ro' opens it for reading)" : ""));
  }
  struct stat status;
  if (::fstat(file.get(), &status) != 0) {
    return Bad(path, std::strerror(errno));
  }
  const auto size = SizeOf(file.get(), status);
  if (!size) {
    return Bad(path, S_ISDIR(status.st_mode) ? "is a directory" : "is neither a file nor a block device");
  }
  if (*size > kMaxSize) {
    return Bad(path, "is too large");
  }
  return std::unique_ptr<FilePager>(new FilePager(std::make_shared<FileSource>(std::move(file), *size, access)));
}

base::Result<std::shared_ptr<PageSource>, zx_status_t> FilePager::Open(std::string_view path) {
  if (!path.empty()) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  return std::shared_ptr<PageSource>(source_);
}

}  // namespace pager
