// Boot images on the host: reading one without trusting it, and making one. The format is shared/abi/bootfs.h.
//
// A BootfsView exists only for an image that is right in every respect that the format defines, so whoever holds one
// needs no check of his own. The writer lays files out in the order of their names and stores nothing of its
// surroundings (no times, no owners): the same files give the same bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/base/error.h"

namespace vmm {

struct BootfsFile {
  std::string_view name;
  std::span<const std::byte> contents;
  bool executable;
};

// A checked image. Refers to the bytes that it was made from, which must stay where they are and unchanged.
class BootfsView {
 public:
  // Error: one line that says what is wrong with the image, without the name of the file that it came from.
  static Result<BootfsView> Parse(std::span<const std::byte> image);

  // In ascending bytewise order of the names.
  [[nodiscard]] std::span<const BootfsFile> files() const { return files_; }

  // nullptr when there is no file with exactly this name.
  [[nodiscard]] const BootfsFile* Find(std::string_view name) const;

 private:
  explicit BootfsView(std::vector<BootfsFile> files) : files_(std::move(files)) {}

  std::vector<BootfsFile> files_;
};

// What the writer is given for one file. `origin` only appears in messages: the path that the file was read from.
struct BootfsInput {
  std::string name;
  std::string origin;
  std::vector<std::byte> contents;
  bool executable = false;
};

// True when `name` may stand in an image; the rules are in shared/abi/bootfs.h.
[[nodiscard]] bool IsLegalBootfsName(std::string_view name);

// Sorts `inputs` by name and returns the image. Error: one line; an illegal name, a name given twice (both origins are
// named), a name that is the folder of another, too many files.
Result<std::vector<std::byte>> BuildBootfs(std::span<BootfsInput> inputs);

}  // namespace vmm
