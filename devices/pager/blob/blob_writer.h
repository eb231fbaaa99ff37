// Makes a blob of content that comes chunk by chunk, in memory that does not grow with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "devices/pager/blob/blob_format.h"
#include "devices/pager/blob/sha256.h"
#include "shared/base/result.h"

namespace pager::blob {

// zstd's levels.
inline constexpr int kMinLevel = 1;
inline constexpr int kMaxLevel = 19;

// Nothing is a blob before Finish has succeeded; after a failure the file is good for nothing.
class BlobWriter {
 public:
  // The errno of a write.
  using WriteResult = base::Result<void, int>;

  // Writes to `file`, which is empty, stays the caller's and open. `level` is in [kMinLevel, kMaxLevel].
  BlobWriter(int file, const Layout& layout, int level);
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;
  ~BlobWriter();

  // The next chunk: as many bytes as layout.ChunkContent says.
  WriteResult Add(std::span<const std::byte> chunk);
  // After the last one.
  WriteResult Finish();

  // After Finish: bytes of the file, and what pins it.
  [[nodiscard]] uint64_t file_size() const { return end_; }
  [[nodiscard]] Hash digest() const { return DigestOf(layout_.content_size(), tree_root_); }

 private:
  struct Compressor;

  // A level of the hash tree, of which the block that is not full yet is here.
  struct Level {
    std::vector<Hash> block;
    uint64_t written = 0;  // blocks
  };

  WriteResult AddPages(std::span<const std::byte> chunk);
  // Below the levels there are pages; above them, the root.
  WriteResult AddHash(size_t level, const Hash& hash);
  WriteResult WriteBlock(size_t level);
  WriteResult AddToTable(uint32_t stored_size, uint32_t checksum);
  WriteResult WriteTable();

  const int file_;
  const Layout layout_;
  const std::unique_ptr<Compressor> compressor_;
  uint64_t end_;  // of what has been written of the chunks
  std::vector<Level> levels_;
  Hash tree_root_{};
  Sha256Stream check_;             // of what has been written of the table
  std::vector<ChunkEntry> table_;  // what has not been written of it
  uint64_t table_end_;             // of what has
};

}  // namespace pager::blob
