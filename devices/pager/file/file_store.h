// The bytes of a host file or block device, read and written in place.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/file_io.h"
#include "devices/pager/store.h"
#include "shared/base/result.h"

namespace pager {

enum class FileAccess {
  kReadOnly,
  kReadWrite,
  kResizable,  // and the guest may change the size; regular files only
};

class FileStore final : public Store {
 public:
  // `file` is open for what `access` needs; `name` is for messages. Fails when it is neither a regular file nor a block
  // device, is larger than 2^62, or a block device that is to be resizable.
  static base::Result<std::shared_ptr<FileStore>, dev::Error> Create(dev::UniqueFd file, std::string name,
                                                                     FileAccess access);
  // For a file of which all that is known. `io` is borrowed.
  FileStore(dev::UniqueFd file, std::string name, uint64_t content_size, FileAccess access,
            FileIo& io = FileIo::Host());

  // The content size becomes what the file has: somebody else may have changed it. Not while a guest has a VMO of it.
  // ZX_ERR_IO, ZX_ERR_OUT_OF_RANGE (larger than 2^62): it stays as it was.
  base::Result<void, zx_status_t> TakeSizeOfFile();

  // The content size is that of Create, TakeSizeOfFile or the last SetSize, whatever else happens to the file.
  [[nodiscard]] ObjectInfo info() const override;
  // The file's number, size and time of change.
  [[nodiscard]] std::string content_version() const override;
  // What the file has of it.
  [[nodiscard]] std::optional<FileRange> RangeOf(uint64_t offset, uint64_t length) const override;
  // ZX_ERR_IO for what has gone missing: zeros would look like data.
  zx_status_t Read(uint64_t offset, std::span<const iovec> pages) override;
  // ZX_ERR_SHOULD_WAIT for what is not in the page cache.
  zx_status_t ReadNow(uint64_t offset, std::span<const iovec> pages) override;
  zx_status_t Write(uint64_t offset, std::span<const iovec> data) override;
  // Makes holes where the file system has them.
  zx_status_t Zero(uint64_t offset, uint64_t length) override;
  // ZX_ERR_NOT_SUPPORTED unless the access is kResizable.
  zx_status_t SetSize(uint64_t content_size) override;
  // fdatasync
  zx_status_t Sync() override;
  // One line on standard error.
  void OnLost(zx_status_t status) override;

 private:
  enum class Medium {
    kMemory,  // a read never waits
    kDisk,    // a read may wait
    kDevice,  // the same, of fixed size
  };

  static Medium MediumOf(int file);

  const dev::UniqueFd file_;
  const std::string name_;
  const FileAccess access_;
  FileIo& io_;
  const Medium medium_;
  std::atomic<uint64_t> content_size_;  // changed by SetSize beside reads
};

}  // namespace pager
