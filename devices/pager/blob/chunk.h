// One decompressed chunk of a blob. What is in it counts for nothing until its page has been compared with the hash
// tree; only then does the chunk give it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "devices/pager/blob/sha256.h"
#include "shared/base/range.h"

namespace pager::blob {

class Chunk {
 public:
  // Forgets everything, and takes `content_size` bytes to be filled in, at least 1.
  void Reset(uint64_t content_size);

  // For whoever fills it in: the bytes, and what the hash tree says of each page, of which there are pages(). Zeros
  // follow the content up to the end of its last page.
  [[nodiscard]] std::span<std::byte> content() { return {bytes_.data(), content_size_}; }
  [[nodiscard]] std::span<Hash> hashes() { return hashes_; }

  [[nodiscard]] uint64_t pages() const { return hashes_.size(); }

  // The bytes [offset, offset + length), which lie inside the pages of the chunk, once the pages that they are on have
  // been verified, now or before. nullopt: one of them is not what the hash tree says.
  [[nodiscard]] std::optional<std::span<const std::byte>> Verified(uint64_t offset, uint64_t length);
  // The same, if that needs no hashing.
  [[nodiscard]] std::optional<std::span<const std::byte>> AlreadyVerified(uint64_t offset, uint64_t length) const;

 private:
  uint64_t content_size_ = 0;
  std::vector<std::byte> bytes_;
  std::vector<Hash> hashes_;
  std::vector<bool> verified_;
};

}  // namespace pager::blob
