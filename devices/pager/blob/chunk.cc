#include "devices/pager/blob/chunk.h"

#include <algorithm>

namespace pager::blob {

void Chunk::Reset(uint64_t content_size) {
  const uint64_t size = base::AlignUp(content_size, base::kPageSize);
  content_size_ = content_size;
  bytes_.resize(size);
  std::fill(bytes_.begin() + static_cast<ptrdiff_t>(content_size), bytes_.end(), std::byte{0});
  hashes_.resize(size / base::kPageSize);
  verified_.assign(hashes_.size(), false);
}

std::optional<std::span<const std::byte>> Chunk::Verified(uint64_t offset, uint64_t length) {
  for (uint64_t page = offset / base::kPageSize; page * base::kPageSize < offset + length; ++page) {
    if (!verified_[page]) {
      const auto bytes = std::span<const std::byte>(bytes_).subspan(page * base::kPageSize, base::kPageSize);
      if (Sha256(bytes) != hashes_[page]) {
        return std::nullopt;
      }
      verified_[page] = true;
    }
  }
  return std::span<const std::byte>(bytes_).subspan(offset, length);
}

std::optional<std::span<const std::byte>> Chunk::AlreadyVerified(uint64_t offset, uint64_t length) const {
  for (uint64_t page = offset / base::kPageSize; page * base::kPageSize < offset + length; ++page) {
    if (!verified_[page]) {
      return std::nullopt;
    }
  }
  return std::span<const std::byte>(bytes_).subspan(offset, length);
}

}  // namespace pager::blob
