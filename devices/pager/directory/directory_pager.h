// A pager that serves the files below a host directory, by their paths.
//
// Nothing outside can be reached, however the path or the symbolic links below look: the kernel resolves paths beneath
// the directory (openat2, RESOLVE_BENEATH), so there is nothing to check here and nothing to race with. What is mounted
// below belongs to it. Only regular files are opened at all.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/asio.h"
#include "devices/pager/file/file_store.h"
#include "devices/pager/page_source.h"
#include "devices/pager/writeback.h"
#include "shared/base/result.h"

namespace pager {

class DirectoryPager final : public Pager {
 public:
  // Fails when `path` is no directory that may be opened. `executor` outlives the pager and its sources; `access` and
  // `options` hold for each file.
  static base::Result<std::unique_ptr<DirectoryPager>, dev::Error> Create(const boost::asio::any_io_executor& executor,
                                                                          const std::string& path, FileAccess access,
                                                                          WritebackOptions options = {});

  // A file that may not be written is served read-only. All opens of one file, by whatever path, share it. Errors:
  // ZX_ERR_NOT_FOUND; ZX_ERR_ACCESS_DENIED, also for a path that leads out; ZX_ERR_NOT_FILE.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override;

  // The same errors; ZX_ERR_NOT_DIR.
  base::Result<std::vector<std::string>, zx_status_t> List(std::string_view path) override;

 private:
  // Of a file, from fstat: what makes two paths the same file.
  using Identity = std::pair<dev_t, ino_t>;

  DirectoryPager(const boost::asio::any_io_executor& executor, std::string name, dev::UniqueFd root, FileAccess access,
                 WritebackOptions options)
      : executor_(executor), name_(std::move(name)), root_(std::move(root)), access_(access), options_(options) {}

  [[nodiscard]] base::Result<dev::UniqueFd, zx_status_t> OpenBeneath(std::string_view path, uint64_t flags) const;
  [[nodiscard]] base::Result<std::shared_ptr<PageSource>, zx_status_t> Serve(dev::UniqueFd file, std::string_view path,
                                                                             FileAccess access);

  const boost::asio::any_io_executor executor_;
  const std::string name_;
  const dev::UniqueFd root_;
  const FileAccess access_;
  const WritebackOptions options_;
  std::map<Identity, std::weak_ptr<PageSource>> open_;
};

}  // namespace pager
