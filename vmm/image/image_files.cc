#include "vmm/image/image_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "vmm/base/unique_fd.h"

namespace vmm {
namespace {

using std::filesystem::path;

// The file is wrong or not to be had: what the user named, so the user's error.
base::Failure<Error> PathFailure(int error_number, std::string_view name) {
  return BadInput("{}: {}", name, std::generic_category().message(error_number));
}

Result<> WriteAll(int fd, std::span<const std::byte> bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return HostFailure(errno, name);
    }
    bytes = bytes.subspan(written < 0 ? 0 : static_cast<size_t>(written));
  }
  return {};
}

// Reads until the file ends, however long it was when it was looked at.
Result<> ReadAll(int fd, std::vector<std::byte>& bytes, std::string_view name) {
  size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) {
      bytes.resize(bytes.size() + (size_t{64} << 10));
    }
    const ssize_t count = read(fd, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno != EINTR) {
      return PathFailure(errno, name);
    }
    if (count == 0) {
      bytes.resize(filled);
      return {};
    }
    filled += count < 0 ? 0 : static_cast<size_t>(count);
  }
}

// A file beside its destination that takes the destination's place when it is complete, or vanishes.
class TemporaryFile {
 public:
  // The name is short and the same for every file of a folder: names of 255 bytes have no room for a suffix.
  static Result<TemporaryFile> Create(int folder, mode_t mode, std::string_view shown_as) {
    std::string name = fmt::format(".pagoda-{}", getpid());
    UniqueFd fd(openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd.valid()) {
      return PathFailure(errno, shown_as);
    }
    return TemporaryFile(folder, std::move(name), std::move(fd));
  }
  TemporaryFile(TemporaryFile&& other) noexcept
      : folder_(other.folder_), name_(std::exchange(other.name_, {})), fd_(std::move(other.fd_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!name_.empty()) {
      unlinkat(folder_, name_.c_str(), 0);
    }
  }

  Result<> FillAndRename(std::span<const std::byte> bytes, const std::string& name, std::string_view shown_as) {
    PAGODA_TRY(WriteAll(fd_.get(), bytes, shown_as));
    if (renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) {
      return PathFailure(errno, shown_as);
    }
    name_.clear();
    return {};
  }

 private:
  TemporaryFile(int folder, std::string name, UniqueFd fd)
      : folder_(folder), name_(std::move(name)), fd_(std::move(fd)) {}

  int folder_;  // borrowed from the caller, who keeps it open while this object lives
  std::string name_;
  UniqueFd fd_;
};

Result<> PutFile(int folder, const std::string& name, const BootfsFile& file, std::string_view shown_as) {
  PAGODA_TRY_ASSIGN(TemporaryFile temporary,
                    TemporaryFile::Create(folder,
                                          file.executable ? S_IRWXU | S_IRWXG | S_IRWXO
                                                          : S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH,
                                          shown_as));
  return temporary.FillAndRename(file.contents, name, shown_as);
}

// Opens folder `name` in `parent`, which is made if it is missing. A symbolic link is refused.
Result<UniqueFd> OpenFolder(int parent, const std::string& name, std::string_view shown_as) {
  if (mkdirat(parent, name.c_str(), S_IRWXU | S_IRWXG | S_IRWXO) != 0 && errno != EEXIST) {
    return PathFailure(errno, shown_as);
  }
  UniqueFd fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) {
    return BadInput("{}: '{}' is in the way and not a folder", shown_as, name);
  }
  return fd;
}

Result<> ExtractFile(int root, const BootfsFile& file, const path& folder) {
  const std::string shown_as = (folder / file.name).string();
  UniqueFd parent;
  int current = root;
  std::string_view rest = file.name;
  for (size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    PAGODA_TRY_ASSIGN(UniqueFd next, OpenFolder(current, std::string(rest.substr(0, slash)), shown_as));
    parent = std::move(next);
    current = parent.get();
    rest.remove_prefix(slash + 1);
  }
  return PutFile(current, std::string(rest), file, shown_as);
}

// Where the bytes for `destination` go in the end. Renaming over a device would replace its node.
Result<path> FindDestination(const path& destination) {
  std::error_code error;
  const auto kind = std::filesystem::status(destination, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return destination;
  }
  if (error) {
    return PathFailure(error.value(), destination.string());
  }
  if (kind != std::filesystem::file_type::regular) {
    return BadInput("{}: exists and is not a regular file", destination.string());
  }
  path resolved = std::filesystem::canonical(destination, error);
  if (error) {
    return PathFailure(error.value(), destination.string());
  }
  return resolved;
}

}  // namespace

Result<FileContents> ReadRegularFile(const path& file) {
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!fd.valid() || fstat(fd.get(), &about) != 0) {
    return PathFailure(errno, file.string());
  }
  if (!S_ISREG(about.st_mode)) {
    return BadInput("{}: not a regular file", file.string());
  }
  FileContents contents{{}, (about.st_mode & S_IXUSR) != 0};
  // One byte more, so that the read that finds the end needs no second buffer.
  contents.bytes.resize(static_cast<size_t>(about.st_size) + 1);
  PAGODA_TRY(ReadAll(fd.get(), contents.bytes, file.string()));
  return contents;
}

Result<> ReplaceFile(const path& destination, std::span<const std::byte> bytes) {
  PAGODA_TRY_ASSIGN(const path resolved, FindDestination(destination));
  const path parent = resolved.has_parent_path() ? resolved.parent_path() : path(".");
  const UniqueFd folder(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) {
    return PathFailure(errno, parent.string());
  }
  return PutFile(folder.get(), resolved.filename(), BootfsFile{{}, bytes, false}, destination.string());
}

Result<> ExtractFiles(std::span<const BootfsFile> files, const path& folder) {
  if (mkdir(folder.c_str(), S_IRWXU | S_IRWXG | S_IRWXO) != 0 && errno != EEXIST) {
    return PathFailure(errno, folder.string());
  }
  // The folder itself may be a link: the user chose it.
  const UniqueFd root(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) {
    return PathFailure(errno, folder.string());
  }
  for (const BootfsFile& file : files) {
    PAGODA_TRY(ExtractFile(root.get(), file, folder));
  }
  return {};
}

}  // namespace vmm
