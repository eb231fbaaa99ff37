// A pager that serves one host file as one object.
//
// Pages are read with preadv straight into guest memory. The object's size is the file's at the time of Create, rounded
// up to pages; bytes between the content and the end of the last page are zero. A file that has shrunk since gives
// ZX_ERR_IO for what is missing: zeros would look like data.
//
// Threads: Read may be called from any thread, also from several at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/page_source.h"
#include "shared/base/result.h"

namespace pager {

enum class FileAccess {
  kReadOnly,
  kReadWrite,  // opened for writing too, so that a missing permission shows now
};

class FileSource final : public PageSource {
 public:
  FileSource(dev::UniqueFd file, uint64_t content_size, FileAccess access)
      : file_(std::move(file)), content_size_(content_size), access_(access) {}

  [[nodiscard]] ObjectInfo info() const override;
  // Answers before it returns.
  void Read(ReadRequest request) override;

 private:
  const dev::UniqueFd file_;
  const uint64_t content_size_;
  const FileAccess access_;
};

class FilePager final : public Pager {
 public:
  // Fails when `path` does not exist, is no regular file or block device, may not be opened, or is larger than 2^62.
  static base::Result<std::unique_ptr<FilePager>, dev::Error> Create(const std::string& path, FileAccess access);

  // Only the empty path exists. All opens share the file.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override;

 private:
  explicit FilePager(std::shared_ptr<FileSource> source) : source_(std::move(source)) {}

  const std::shared_ptr<FileSource> source_;
};

}  // namespace pager
