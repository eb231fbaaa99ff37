// A pager that serves one host file as one object.
//
// What the guest writes goes back into the file: at COMPLETE, by the clock, and above the dirty limit. The object's
// size is the file's when it is opened and nobody else has it open, rounded up to pages; bytes between the content and
// the end of the last page are zero.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "devices/core/error.h"
#include "devices/pager/asio.h"
#include "devices/pager/file/file_store.h"
#include "devices/pager/page_source.h"
#include "devices/pager/store_source.h"
#include "devices/pager/writeback.h"
#include "shared/base/result.h"

namespace pager {

class FilePager final : public Pager {
 public:
  // Fails when `path` does not exist or may not be opened, and as FileStore::Create says. `executor` outlives the pager
  // and its sources.
  static base::Result<std::unique_ptr<FilePager>, dev::Error> Create(const boost::asio::any_io_executor& executor,
                                                                     const std::string& path, FileAccess access,
                                                                     WritebackOptions options = {});

  // Only the empty path exists. All opens share the file.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override;

 private:
  FilePager(std::shared_ptr<FileStore> store, std::shared_ptr<StoreSource> source)
      : store_(std::move(store)), source_(std::move(source)) {}

  const std::shared_ptr<FileStore> store_;
  const std::shared_ptr<StoreSource> source_;
};

}  // namespace pager
