#include "devices/pager/directory/directory_pager.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "devices/core/printable.h"
#include "devices/pager/host_status.h"
#include "devices/pager/store_source.h"

namespace pager {

namespace {

using OpenedFile = base::Result<dev::UniqueFd, zx_status_t>;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

constexpr int kMaxAttempts = 32;

bool IsDotOrDotDot(std::string_view name) { return name == "." || name == ".."; }

bool IsRegular(int file) {
  struct stat status;
  return ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

// Not every file system says it with the name.
bool IsDirectory(int directory, const dirent& entry) {
  struct stat status;
  return entry.d_type == DT_DIR ||
         (entry.d_type == DT_UNKNOWN && ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISDIR(status.st_mode));
}

}  // namespace

base::Result<std::unique_ptr<DirectoryPager>, dev::Error> DirectoryPager::Create(
    const boost::asio::any_io_executor& executor, const std::string& path, FileAccess access,
    WritebackOptions options) {
  if (path.empty()) {
    return base::Failure{dev::Error{"dir: no path given"}};
  }
  dev::UniqueFd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) {
    return base::Failure{dev::Error{path + ": " + std::strerror(errno)}};
  }
  return std::unique_ptr<DirectoryPager>(new DirectoryPager(executor, path, std::move(root), access, options));
}

base::Result<std::shared_ptr<PageSource>, zx_status_t> DirectoryPager::Open(std::string_view path) {
  if (path.empty()) {
    return base::Failure{ZX_ERR_NOT_FILE};
  }
  // Looked at before it is opened: that alone makes a FIFO's writer go on, or a tape rewind. Serve looks again, in case
  // it has been replaced meanwhile.
  PAGODA_TRY_ASSIGN(const dev::UniqueFd found, OpenBeneath(path, O_PATH));
  if (!IsRegular(found.get())) {
    return base::Failure{ZX_ERR_NOT_FILE};
  }
  FileAccess access = access_;
  OpenedFile file = OpenBeneath(path, access == FileAccess::kReadOnly ? O_RDONLY : O_RDWR);
  if (!file.ok() && file.error() == ZX_ERR_ACCESS_DENIED && access != FileAccess::kReadOnly) {
    access = FileAccess::kReadOnly;
    file = OpenBeneath(path, O_RDONLY);
  }
  if (!file.ok()) {
    return base::Failure{file.error()};
  }
  return Serve(std::move(file).value(), path, access);
}

base::Result<std::shared_ptr<PageSource>, zx_status_t> DirectoryPager::Serve(dev::UniqueFd file, std::string_view path,
                                                                             FileAccess access) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) {
    return base::Failure{ZX_ERR_IO};
  }
  if (!S_ISREG(status.st_mode)) {
    return base::Failure{ZX_ERR_NOT_FILE};
  }
  // As long as a source is open, its file is, so that the inode's number is not given to another file.
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<PageSource>& known = open_[{status.st_dev, status.st_ino}];
  std::shared_ptr<PageSource> source = known.lock();
  if (!source) {
    auto store = FileStore::Create(std::move(file), dev::Printable(name_ + "/" + std::string(path)), access);
    if (!store.ok()) {
      return base::Failure{ZX_ERR_OUT_OF_RANGE};  // too large
    }
    source = std::make_shared<StoreSource>(executor_, std::move(store).value(), options_);
    known = source;
  }
  return source;
}

base::Result<std::vector<std::string>, zx_status_t> DirectoryPager::List(std::string_view path) {
  auto opened = OpenBeneath(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) {
    return base::Failure{opened.error()};
  }
  dev::UniqueFd file = std::move(opened).value();
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(file.get()));
  if (!directory) {
    return base::Failure{StatusOfOpen(errno)};
  }
  static_cast<void>(file.Release());
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (!IsDotOrDotDot(entry->d_name)) {
      names.push_back(std::string(entry->d_name) + (IsDirectory(::dirfd(directory.get()), *entry) ? "/" : ""));
    }
  }
  if (errno != 0) {
    return base::Failure{ZX_ERR_IO};
  }
  return names;
}

OpenedFile DirectoryPager::OpenBeneath(std::string_view path, uint64_t flags) const {
  if (path.find('\0') != std::string_view::npos) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  open_how how{};
  // Non-blocking so that opening a FIFO returns. O_PATH opens nothing, and takes no such flag.
  how.flags = flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string text(path);
  long result = -1;
  // EAGAIN: somebody renames directories on the way, so that the kernel cannot tell whether the path stays beneath.
  for (int attempt = 0; attempt < kMaxAttempts && result < 0; ++attempt) {
    result = ::syscall(SYS_openat2, root_.get(), text.c_str(), &how, sizeof(how));
    if (result < 0 && errno != EAGAIN && errno != EINTR) {
      break;
    }
  }
  if (result < 0) {
    return base::Failure{(flags & O_DIRECTORY) != 0 && errno == ENOTDIR ? ZX_ERR_NOT_DIR : StatusOfOpen(errno)};
  }
  return dev::UniqueFd(static_cast<int>(result));
}

}  // namespace pager
