// A file that a run leaves what it has seen in: a regular one, a device, or a pipe that somebody reads.
//
// Who reads a pipe and takes nothing does not hold up the end of a run: it is waited for a short while, and then
// nothing is written any more.
//
// Threads: one at a time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "devices/core/unique_fd.h"
#include "vmm/base/error.h"

namespace vmm {

class OutputFile {
 public:
  static constexpr std::chrono::milliseconds kPatience{2000};

  // Creates the file where there is none; what is in it stays until something is written. Bad input, with the path:
  // what open(2) refuses, and a pipe that nobody reads. `patience`: with a reader that takes nothing.
  static Result<OutputFile> Open(const std::string& path, std::chrono::milliseconds patience = kPatience);

  // Appends to what was written before; the first time, what was in the file goes. Fails with the path, and then
  // always: only a part is written.
  [[nodiscard]] Result<> Write(std::string_view text);

 private:
  OutputFile(std::string path, dev::UniqueFd file, std::chrono::milliseconds patience)
      : path_(std::move(path)), file_(std::move(file)), patience_(patience) {}

  [[nodiscard]] Result<> Empty();
  [[nodiscard]] Result<> AwaitReader() const;

  std::string path_;
  dev::UniqueFd file_;
  std::chrono::milliseconds patience_;
  bool emptied_ = false;  // of what was in it before
  Result<> failure_;      // of the first write that failed
};

}  // namespace vmm
