// The names in a directory, as a kList request gets them: sorted, each followed by a zero byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dev {

struct PortListing {
  uint64_t bytes;      // that were written
  uint64_t available;  // names that there are in all
  bool too_small;      // there was no room for a single name, though there are some to give
};

// Writes as many of `names`, from the one with index `first` on, as fit as a whole. Names that are empty, too long or
// hold a zero byte do not count: nobody could open them.
[[nodiscard]] PortListing WriteNames(std::vector<std::string> names, uint64_t first,
                                     std::span<const std::span<std::byte>> room);

}  // namespace dev
