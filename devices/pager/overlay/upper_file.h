// The file that has what was written over a lower: which lower that is, which pages it has, and those. It is sparse.
//
//   header │ record: a bit for each page │ pages, each at its own place
//
// The record is written after the pages that it speaks of are on the medium: a crash at any time leaves a file that has
// every page that the record says, and the lower's where it does not. It cannot be told from holes which pages there
// are: zeros that were written over the lower's bytes are holes too.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/file/file_store.h"
#include "devices/pager/overlay/lower.h"
#include "devices/pager/overlay/page_record.h"
#include "shared/base/result.h"

namespace pager::overlay {

class UpperFile {
 public:
  // Makes the file if it is missing or empty. Fails, with nothing written, when it is something else,
  // belongs to another lower, is the lower itself, or when somebody else uses it.
  static base::Result<std::unique_ptr<UpperFile>, dev::Error> Open(const std::string& path, const Lower& lower);

  // As Store's: of the file with all that it has.
  [[nodiscard]] std::string content_version() const { return file_.content_version(); }
  // What it has. Any thread.
  [[nodiscard]] const PageRecord& record() const { return record_; }

  // The pages' bytes, by offsets in the object; read only what it has.
  [[nodiscard]] FileRange RangeOf(uint64_t offset, uint64_t length) const;
  zx_status_t Read(uint64_t offset, std::span<const iovec> pages);
  zx_status_t ReadNow(uint64_t offset, std::span<const iovec> pages);

  // As Store's; one thread at a time. What is written belongs to the file at once, and survives from Sync on.
  zx_status_t Write(uint64_t offset, std::span<const iovec> data);
  zx_status_t Zero(uint64_t offset, uint64_t length);
  zx_status_t Sync();
  void OnLost(zx_status_t status) { file_.OnLost(status); }

 private:
  UpperFile(dev::UniqueFd file, const std::string& path, uint64_t content_size);

  [[nodiscard]] base::Result<void, dev::Error> LoadRecord(const std::string& path);
  [[nodiscard]] zx_status_t SaveRecord();

  const uint64_t pages_offset_;  // in the file
  FileStore file_;
  PageRecord record_;
};

}  // namespace pager::overlay
