// `blob:PATH[,root=HEX]`: a blob as one read-only object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "devices/core/error.h"
#include "devices/pager/asio.h"
#include "devices/pager/blob/blob_store.h"
#include "devices/pager/page_source.h"
#include "shared/base/result.h"

namespace pager::blob {

// Opens and checks the blob (BlobFile::Open). The error names the file or the option that is wrong.
base::Result<BlobFile, dev::Error> OpenBlob(const std::string& path, const std::vector<std::string>& options);

// `executor` outlives the pager and its sources.
base::Result<std::unique_ptr<Pager>, dev::Error> CreateBlobPager(const boost::asio::any_io_executor& executor,
                                                                 const std::string& path,
                                                                 const std::vector<std::string>& options);

}  // namespace pager::blob
