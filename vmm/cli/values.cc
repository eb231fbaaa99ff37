#include "vmm/cli/values.h"

#include <optional>

#include "devices/core/values.h"

namespace vmm {

Result<uint64_t> ParseSize(std::string_view text) {
  const std::optional<uint64_t> size = dev::ParseSize(text);
  if (!size) {
    return BadInput("'{}' is not a size; write for example 256M, 1G or 65536K", text);
  }
  return *size;
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const std::optional<std::chrono::milliseconds> duration = dev::ParseDuration(text);
  if (!duration || duration->count() == 0) {
    return BadInput("'{}' is not a time; write for example 10s, 500ms or 2m", text);
  }
  return *duration;
}

}  // namespace vmm
