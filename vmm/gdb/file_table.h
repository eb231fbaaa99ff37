// The files that one client has open, by the small numbers that vFile gives them. They close with the table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "vmm/gdb/target.h"

namespace vmm::gdb {

class FileTable {
 public:
  // More than a debugger keeps open: it reads the symbols of one file after the other.
  static constexpr size_t kMaxFiles = 64;

  // The number; nothing when all are in use.
  std::optional<uint64_t> Add(std::unique_ptr<RemoteFile> file);
  // nullptr when there is none.
  [[nodiscard]] RemoteFile* Find(uint64_t number) const;
  // False when there is none.
  bool Close(uint64_t number);

 private:
  std::array<std::unique_ptr<RemoteFile>, kMaxFiles> files_;
};

}  // namespace vmm::gdb
