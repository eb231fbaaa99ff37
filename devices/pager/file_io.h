// The system calls of pagers that keep bytes in files, in one place, so that a test can be the medium that fails.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>

namespace pager {

// Results, and errno, are those of the calls. Any thread.
class FileIo {
 public:
  // The host's own.
  [[nodiscard]] static FileIo& Host();

  FileIo(const FileIo&) = delete;
  FileIo& operator=(const FileIo&) = delete;
  virtual ~FileIo() = default;

  // At most IOV_MAX of `pieces`.
  virtual ssize_t Read(int file, std::span<const iovec> pieces, uint64_t offset, int flags);  // preadv2
  virtual ssize_t Write(int file, std::span<const iovec> pieces, uint64_t offset);            // pwritev
  virtual int Allocate(int file, int mode, uint64_t offset, uint64_t length);                 // fallocate
  virtual int Truncate(int file, uint64_t size);                                              // ftruncate
  virtual int Sync(int file);                                                                 // fdatasync

 protected:
  FileIo() = default;
};

}  // namespace pager
