#include "vmm/base/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace vmm {
namespace {

using std::filesystem::path;

// The path is wrong or not to be had: what the user named, so the user's error.
base::Failure<Error> PathFailure(int error_number, std::string_view name) {
  return BadInput("{}: {}", name, std::generic_category().message(error_number));
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

Result<> WriteAll(int fd, std::span<const std::byte> bytes, std::string_view shown_as) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return HostFailure(errno, shown_as);
    }
    bytes = bytes.subspan(written < 0 ? 0 : static_cast<size_t>(written));
  }
  return {};
}

Result<TemporaryFile> TemporaryFile::Create(int folder, mode_t mode, std::string_view shown_as) {
  // The name is short and the same for every file of a folder: names of 255 bytes have no room for a suffix.
  std::string name = fmt::format(".pagoda-{}", getpid());
  UniqueFd unnamed(openat(folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode));
  if (unnamed.valid()) {
    return TemporaryFile(folder, std::move(name), std::move(unnamed), State::kUnnamed);
  }
  // What is wrong with the folder, if that is it, is said here too.
  UniqueFd named(openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!named.valid()) {
    return PathFailure(errno, shown_as);
  }
  return TemporaryFile(folder, std::move(name), std::move(named), State::kNamed);
}

TemporaryFile::TemporaryFile(int folder, std::string name, UniqueFd fd, State state)
    : folder_(folder), name_(std::move(name)), fd_(std::move(fd)), state_(state) {}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : folder_(other.folder_),
      name_(std::move(other.name_)),
      fd_(std::move(other.fd_)),
      state_(std::exchange(other.state_, State::kDone)) {}

TemporaryFile::~TemporaryFile() {
  if (state_ == State::kNamed) {
    unlinkat(folder_, name_.c_str(), 0);
  }
}

Result<> TemporaryFile::Rename(const std::string& name, std::string_view shown_as) {
  if (state_ == State::kUnnamed) {
    const std::string file = fmt::format("/proc/self/fd/{}", fd_.get());
    if (linkat(AT_FDCWD, file.c_str(), folder_, name_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return PathFailure(errno, shown_as);
    }
    state_ = State::kNamed;
  }
  if (renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) {
    return PathFailure(errno, shown_as);
  }
  state_ = State::kDone;
  return {};
}

Result<ReplacementFile> ReplacementFile::Create(const path& destination, mode_t mode) {
  PAGODA_TRY_ASSIGN(const path resolved, FindDestination(destination));
  const path parent = resolved.has_parent_path() ? resolved.parent_path() : path(".");
  UniqueFd folder(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) {
    return PathFailure(errno, parent.string());
  }
  PAGODA_TRY_ASSIGN(TemporaryFile file, TemporaryFile::Create(folder.get(), mode, destination.string()));
  return ReplacementFile(std::move(folder), std::move(file), resolved.filename(), destination.string());
}

}  // namespace vmm
