#include "vmm/gdb/file_table.h"

#include <algorithm>
#include <utility>

namespace vmm::gdb {

std::optional<uint64_t> FileTable::Add(std::unique_ptr<RemoteFile> file) {
  const auto place = std::find(files_.begin(), files_.end(), nullptr);
  if (place == files_.end()) {
    return std::nullopt;
  }
  *place = std::move(file);
  return static_cast<uint64_t>(place - files_.begin());
}

RemoteFile* FileTable::Find(uint64_t number) const { return number < kMaxFiles ? files_[number].get() : nullptr; }

bool FileTable::Close(uint64_t number) {
  if (Find(number) == nullptr) {
    return false;
  }
  files_[number].reset();
  return true;
}

}  // namespace vmm::gdb
