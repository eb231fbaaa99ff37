// The bytes of a blob file (FORMAT.md), and the arithmetic of where in it everything lies.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "devices/pager/blob/sha256.h"
#include "shared/base/range.h"

namespace pager::blob {

static_assert(std::endian::native == std::endian::little, "the structures below are the file's bytes");

inline constexpr std::array<char, 8> kMagic = {'P', 'a', 'g', 'B', 'l', 'o', 'b', '\n'};
inline constexpr uint32_t kVersion = 1;

struct Header {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t chunk_size;    // of content; a power of two
  uint64_t content_size;  // bytes
  Hash tree_root;
  Hash check;  // SHA-256 of the chunk table, followed by the header up to here
};
static_assert(sizeof(Header) == 88);
inline constexpr size_t kCheckedHeaderSize = offsetof(Header, check);

// One for each chunk. Chunks lie one after another, so that their places cannot contradict each other.
struct ChunkEntry {
  uint32_t stored_size;  // bytes of its zstd frame
  uint32_t checksum;     // CRC-32 of these
};
static_assert(sizeof(ChunkEntry) == 8);

inline constexpr uint64_t kMinChunkSize = base::kPageSize;
inline constexpr uint64_t kMaxChunkSize = uint64_t{1} << 20;
inline constexpr uint64_t kMaxContentSize = uint64_t{1} << 44;
inline constexpr uint64_t kMaxChunks = uint64_t{1} << 24;

// A block of the hash tree is a page of hashes.
inline constexpr uint64_t kHashesPerBlock = base::kPageSize / sizeof(Hash);

// Where everything lies in a blob of one chunk size and content size:
//
//   header │ chunk table │ hash tree: root's level first, leaves last │ chunks
class Layout {
 public:
  struct Level {
    uint64_t offset;  // in the file, bytes
    uint64_t blocks;
  };

  // nullopt: no blob is like that.
  static std::optional<Layout> Create(uint64_t content_size, uint64_t chunk_size);

  [[nodiscard]] uint64_t content_size() const { return content_size_; }
  [[nodiscard]] uint64_t chunk_size() const { return chunk_size_; }
  [[nodiscard]] uint64_t chunks() const { return chunks_; }
  // Bytes of content in this chunk: less in the last one.
  [[nodiscard]] uint64_t ChunkContent(uint64_t chunk) const;

  [[nodiscard]] uint64_t table_offset() const { return sizeof(Header); }
  // The hash tree, leaves first. Level 0 has the hashes of the pages; none when there are fewer than two.
  [[nodiscard]] const std::vector<Level>& levels() const { return levels_; }
  // Where the chunks begin.
  [[nodiscard]] uint64_t data_offset() const { return data_offset_; }

 private:
  Layout(uint64_t content_size, uint64_t chunk_size);

  uint64_t content_size_;
  uint64_t chunk_size_;
  uint64_t chunks_;
  std::vector<Level> levels_;
  uint64_t data_offset_;
};

// What a blob is pinned by: the digest that fs-verity has for a file of this content (SHA-256, blocks of 4096 bytes, no
// salt), which `fsverity digest FILE` prints.
[[nodiscard]] Hash DigestOf(uint64_t content_size, const Hash& tree_root);

}  // namespace pager::blob
