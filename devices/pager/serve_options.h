// The options of the pagers that serve files: [,ro][,resizable][,writeback=TIME][,dirty-limit=SIZE]
//
//   ro                 the guest may only read
//   resizable          it may change the size of a file
//   writeback=5s       how long what it wrote may stay in the guest alone; 0 for as long as it likes (default 5s)
//   dirty-limit=64M    how much of an object may be dirty; writers wait above it (default: no limit)
#pragma once

#include <string>
#include <vector>

#include "devices/core/error.h"
#include "devices/pager/file/file_store.h"
#include "devices/pager/writeback_options.h"
#include "shared/base/result.h"

namespace pager {

struct ServeOptions {
  FileAccess access = FileAccess::kReadWrite;
  WritebackOptions writeback;
};

// The error names the option, and says which there are.
base::Result<ServeOptions, dev::Error> ParseServeOptions(const std::vector<std::string>& options);

}  // namespace pager
