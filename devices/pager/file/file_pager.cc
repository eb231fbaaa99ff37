#include "devices/pager/file/file_pager.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pager {

base::Result<std::unique_ptr<FilePager>, dev::Error> FilePager::Create(const boost::asio::any_io_executor& executor,
                                                                       const std::string& path, FileAccess access,
                                                                       WritebackOptions options) {
  if (path.empty()) {
    return base::Failure{dev::Error{"file: no path given"}};
  }
  const bool writes = access != FileAccess::kReadOnly;
  // Non-blocking so that opening a FIFO returns; it has no meaning for files and block devices.
  dev::UniqueFd file(::open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    const int error = errno;
    const bool may_help = writes && (error == EACCES || error == EROFS || error == ETXTBSY);
    return base::Failure{dev::Error{path + ": " + std::strerror(error) +
                                    (may_help ? " (opened for writing: ',ro' opens it for reading)" : "")}};
  }
  PAGODA_TRY_ASSIGN(std::shared_ptr<FileStore> store, FileStore::Create(std::move(file), path, access));
  auto source = std::make_shared<StoreSource>(executor, store, options);
  return std::unique_ptr<FilePager>(new FilePager(std::move(store), std::move(source)));
}

base::Result<std::shared_ptr<PageSource>, zx_status_t> FilePager::Open(std::string_view path) {
  if (!path.empty()) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  if (source_.use_count() == 1) {
    PAGODA_TRY(store_->TakeSizeOfFile());
  }
  return std::shared_ptr<PageSource>(source_);
}

}  // namespace pager
