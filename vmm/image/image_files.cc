#include "vmm/image/image_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "vmm/base/temporary_file.h"
#include "vmm/base/unique_fd.h"

namespace vmm {
namespace {

using std::filesystem::path;

// The file is wrong or not to be had: what the user named, so the user's error.
base::Failure<Error> PathFailure(int error_number, std::string_view name) {
  return BadInput("{}: {}", name, std::generic_category().message(error_number));
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

Result<> PutFile(int folder, const std::string& name, const BootfsFile& file, std::string_view shown_as) {
  PAGODA_TRY_ASSIGN(TemporaryFile temporary,
                    TemporaryFile::Create(folder,
                                          file.executable ? S_IRWXU | S_IRWXG | S_IRWXO
                                                          : S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH,
                                          shown_as));
  PAGODA_TRY(WriteAll(temporary.fd(), file.contents, shown_as));
  return temporary.Rename(name, shown_as);
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
  PAGODA_TRY_ASSIGN(ReplacementFile file, ReplacementFile::Create(destination));
  PAGODA_TRY(WriteAll(file.fd(), bytes, destination.string()));
  return file.Commit();
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
