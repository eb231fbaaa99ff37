#include "devices/pager/blob/blob_format.h"

#include <linux/fsverity.h>

#include <algorithm>
#include <cstring>

namespace pager::blob {

std::optional<Layout> Layout::Create(uint64_t content_size, uint64_t chunk_size) {
  if (!base::IsPowerOfTwo(chunk_size) || chunk_size < kMinChunkSize || chunk_size > kMaxChunkSize ||
      content_size > kMaxContentSize || (content_size + chunk_size - 1) / chunk_size > kMaxChunks) {
    return std::nullopt;
  }
  return Layout(content_size, chunk_size);
}

Layout::Layout(uint64_t content_size, uint64_t chunk_size)
    : content_size_(content_size), chunk_size_(chunk_size), chunks_((content_size + chunk_size - 1) / chunk_size) {
  for (uint64_t nodes = base::AlignUp(content_size, base::kPageSize) / base::kPageSize; nodes > 1;) {
    nodes = (nodes + kHashesPerBlock - 1) / kHashesPerBlock;
    levels_.push_back({.offset = 0, .blocks = nodes});
  }
  uint64_t offset = table_offset() + chunks_ * sizeof(ChunkEntry);
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    level->offset = offset;
    offset += level->blocks * base::kPageSize;
  }
  data_offset_ = offset;
}

uint64_t Layout::ChunkContent(uint64_t chunk) const {
  return std::min(chunk_size_, content_size_ - chunk * chunk_size_);
}

Hash DigestOf(uint64_t content_size, const Hash& tree_root) {
  fsverity_descriptor descriptor{};
  descriptor.version = 1;
  descriptor.hash_algorithm = FS_VERITY_HASH_ALG_SHA256;
  descriptor.log_blocksize = base::kPageShift;
  descriptor.data_size = content_size;
  std::memcpy(&descriptor.root_hash, tree_root.data(), tree_root.size());
  return Sha256(std::as_bytes(std::span(&descriptor, 1)));
}

}  // namespace pager::blob
