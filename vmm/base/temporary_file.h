// Files that take the place of their destination when they are complete, and of which nothing stays when they are not:
// where the file system can do it they have no name before, so that not even SIGKILL leaves one behind.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"

namespace vmm {

// All of them. A full disk is the host's failure, under the name `shown_as`.
Result<> WriteAll(int fd, std::span<const std::byte> bytes, std::string_view shown_as);

class TemporaryFile {
 public:
  // In `folder`, which is the caller's and stays open while this object lives. Failures are the user's: the folder is
  // wrong or not to be written to.
  static Result<TemporaryFile> Create(int folder, mode_t mode, std::string_view shown_as);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  [[nodiscard]] int fd() const { return fd_.get(); }

  // Gives it this name in its folder; a file that has it is replaced in one step. Once, last.
  Result<> Rename(const std::string& name, std::string_view shown_as);

 private:
  enum class State { kUnnamed, kNamed, kDone };

  TemporaryFile(int folder, std::string name, UniqueFd fd, State state);

  int folder_;
  std::string name_;
  UniqueFd fd_;
  State state_;
};

// The same for a path that a person gave. A symbolic link keeps pointing where it does and its target is replaced;
// anything else that is no regular file is refused.
class ReplacementFile {
 public:
  static constexpr mode_t kForEverybody = 0666;
  static constexpr mode_t kForItsOwner = 0600;

  // `mode` as for open(): the process's mask applies.
  static Result<ReplacementFile> Create(const std::filesystem::path& destination, mode_t mode = kForEverybody);

  // Open for reading and writing.
  [[nodiscard]] int fd() const { return file_.fd(); }
  // Takes the destination's place. Once, last.
  Result<> Commit() { return file_.Rename(name_, shown_as_); }
  // The destination, as the person wrote it.
  [[nodiscard]] const std::string& shown_as() const { return shown_as_; }

 private:
  ReplacementFile(UniqueFd folder, TemporaryFile file, std::string name, std::string shown_as)
      : folder_(std::move(folder)), file_(std::move(file)), name_(std::move(name)), shown_as_(std::move(shown_as)) {}

  UniqueFd folder_;
  TemporaryFile file_;  // goes before its folder
  std::string name_;
  std::string shown_as_;
};

}  // namespace vmm
