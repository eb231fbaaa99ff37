#include "devices/pager/blob/blob_pager.h"

#include <optional>
#include <string_view>
#include <utility>

#include "devices/pager/single_object_pager.h"
#include "devices/pager/store_source.h"

namespace pager::blob {

namespace {

constexpr std::string_view kRoot = "root=";

}  // namespace

base::Result<BlobFile, dev::Error> OpenBlob(const std::string& path, const std::vector<std::string>& options) {
  std::optional<Hash> digest;
  for (const std::string& option : options) {
    if (!option.starts_with(kRoot)) {
      return base::Failure{dev::Error{"unknown option '" + option +
                                      "'; a blob, which is read-only, has root=HEX (a comma in a path is written "
                                      "',,')"}};
    }
    digest = ParseHash(std::string_view(option).substr(kRoot.size()));
    if (!digest) {
      return base::Failure{
          dev::Error{"option '" + option + "': is no root; that is the 64 digits that `pagoda blob create` prints"}};
    }
  }
  return BlobFile::Open(path, digest);
}

base::Result<std::unique_ptr<Pager>, dev::Error> CreateBlobPager(const boost::asio::any_io_executor& executor,
                                                                 const std::string& path,
                                                                 const std::vector<std::string>& options) {
  PAGODA_TRY_ASSIGN(BlobFile file, OpenBlob(path, options));
  auto source = std::make_shared<StoreSource>(executor, std::make_shared<BlobStore>(executor, std::move(file)));
  return std::unique_ptr<Pager>(std::make_unique<SingleObjectPager>(std::move(source)));
}

}  // namespace pager::blob
