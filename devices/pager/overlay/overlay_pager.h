// `overlay:UPPER,LOWER[,writeback=TIME][,dirty-limit=SIZE]`: an object that is read from LOWER and written to UPPER.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "devices/core/error.h"
#include "devices/pager/asio.h"
#include "devices/pager/page_source.h"
#include "shared/base/result.h"

namespace pager::overlay {

// `options`: LOWER, as OpenLower takes it, and what follows. Fails as OpenLower and UpperFile::Open say. `executor`
// outlives the pager and its sources.
base::Result<std::unique_ptr<Pager>, dev::Error> CreateOverlayPager(const boost::asio::any_io_executor& executor,
                                                                    const std::string& upper,
                                                                    const std::vector<std::string>& options);

}  // namespace pager::overlay
