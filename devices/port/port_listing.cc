#include "devices/port/port_listing.h"

#include <algorithm>
#include <cstring>

#include "shared/abi/port_device.h"

namespace dev {

namespace {

namespace abi = pagoda::abi;

bool CannotBeOpened(const std::string& name) {
  return name.empty() || name.size() > abi::kPortMaxName || name.find('\0') != std::string::npos;
}

size_t SizeOf(std::span<const std::span<std::byte>> room) {
  size_t size = 0;
  for (const std::span<std::byte> piece : room) {
    size += piece.size();
  }
  return size;
}

// Precondition: it fits.
void Scatter(std::string_view text, std::span<const std::span<std::byte>> room) {
  for (const std::span<std::byte> piece : room) {
    const size_t size = std::min(text.size(), piece.size());
    std::memcpy(piece.data(), text.data(), size);
    text.remove_prefix(size);
  }
}

}  // namespace

PortListing WriteNames(std::vector<std::string> names, uint64_t first, std::span<const std::span<std::byte>> room) {
  std::erase_if(names, CannotBeOpened);
  std::sort(names.begin(), names.end());
  const size_t size = SizeOf(room);
  std::string text;
  for (size_t i = std::min<uint64_t>(first, names.size()); i < names.size(); ++i) {
    if (text.size() + names[i].size() + 1 > size) {
      break;
    }
    text.append(names[i]).push_back('\0');
  }
  Scatter(text, room);
  return {.bytes = text.size(), .available = names.size(), .too_small = text.empty() && first < names.size()};
}

}  // namespace dev
