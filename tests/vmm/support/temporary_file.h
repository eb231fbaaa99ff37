// A file that goes away with the test.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vmm_test {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const std::byte> contents);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace vmm_test
