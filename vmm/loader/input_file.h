// A file that the user named: opened once, its size taken once, read at exact offsets.
//
// It is read, not mapped: a mapped file that somebody truncates kills the monitor with SIGBUS, and a read puts the
// bytes where the guest needs them with one copy all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"

namespace vmm {

class InputFile {
 public:
  // Errors are the user's (kExitBadInput) and name the file: missing, not permitted, not a regular file.
  static Result<InputFile> Open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  // Bytes, when the file was opened.
  [[nodiscard]] uint64_t size() const { return size_; }

  // Fills `bytes` from `offset`. Fails when the file has less; what is in `bytes` then is unspecified.
  [[nodiscard]] Result<> ReadAt(uint64_t offset, std::span<std::byte> bytes) const;

 private:
  InputFile(std::string path, UniqueFd fd, uint64_t size) : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  std::string path_;
  UniqueFd fd_;
  uint64_t size_;
};

}  // namespace vmm
