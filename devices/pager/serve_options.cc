#include "devices/pager/serve_options.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "devices/core/values.h"

namespace pager {

namespace {

constexpr std::chrono::seconds kDefaultInterval{5};

constexpr std::string_view kWriteback = "writeback=";
constexpr std::string_view kDirtyLimit = "dirty-limit=";

base::Failure<dev::Error> Bad(const std::string& option, std::string_view reason) {
  return base::Failure{dev::Error{"option '" + option + "': " + std::string(reason)}};
}

base::Result<void, dev::Error> Apply(const std::string& option, ServeOptions& result) {
  if (option == "resizable") {
    result.access = FileAccess::kResizable;
    return {};
  }
  if (option.starts_with(kWriteback)) {
    const auto interval = dev::ParseDuration(std::string_view(option).substr(kWriteback.size()));
    if (!interval) {
      return Bad(option, "is not a time; write for example writeback=10s, or writeback=0 for never");
    }
    result.writeback.interval = *interval;
    return {};
  }
  if (option.starts_with(kDirtyLimit)) {
    const auto limit = dev::ParseSize(std::string_view(option).substr(kDirtyLimit.size()));
    if (!limit || *limit == 0) {
      return Bad(option, "is not a size; write for example dirty-limit=64M");
    }
    result.writeback.dirty_limit = *limit;
    return {};
  }
  return base::Failure{
      dev::Error{"unknown option '" + option +
                 "'; there are 'ro', 'resizable', 'writeback=TIME' and 'dirty-limit=SIZE' (a comma in a "
                 "path is written ',,')"}};
}

}  // namespace

base::Result<ServeOptions, dev::Error> ParseServeOptions(const std::vector<std::string>& options) {
  ServeOptions result{.access = FileAccess::kReadWrite, .writeback = {.interval = kDefaultInterval}};
  const bool read_only = std::find(options.begin(), options.end(), "ro") != options.end();
  for (const std::string& option : options) {
    if (option == "ro") {
      continue;
    }
    PAGODA_TRY(Apply(option, result));
    if (read_only) {
      return Bad(option, "makes no sense with 'ro'");
    }
  }
  if (read_only) {
    return ServeOptions{.access = FileAccess::kReadOnly, .writeback = {}};
  }
  return result;
}

}  // namespace pager
