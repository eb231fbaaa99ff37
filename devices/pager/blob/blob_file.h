// A blob that is open: everything but leaf hashes and chunks has been read and checked, and is kept in memory.
//
// The file is hostile. Nothing is allocated for what it has not got, nothing read outside of it, and a chunk is given
// as much room as its content takes.
#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/blob/blob_format.h"
#include "devices/pager/blob/chunk.h"
#include "devices/pager/blob/sha256.h"
#include "shared/base/result.h"

namespace pager::blob {

class BlobFile {
 public:
  // Reads all but the chunks and the hashes of their pages. The error names the file and what is wrong with it.
  // `digest`: what the content must be.
  static base::Result<BlobFile, dev::Error> Open(const std::string& path, const std::optional<Hash>& digest);
  // The same of a file that is open; `name` is for messages.
  static base::Result<BlobFile, dev::Error> Open(dev::UniqueFd file, const std::string& name,
                                                 const std::optional<Hash>& digest);

  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] uint64_t file_size() const { return places_.back(); }
  [[nodiscard]] Hash digest() const { return DigestOf(layout_.content_size(), tree_root_); }

  // Reads and decompresses a chunk below layout().chunks(), and fetches the hashes of its pages. ZX_ERR_IO: it cannot
  // be read. ZX_ERR_IO_DATA_INTEGRITY: it, or its part of the hash tree, is not what it was. `chunk` then must not be
  // used. Any thread.
  [[nodiscard]] zx_status_t Load(uint64_t index, Chunk& chunk) const;

 private:
  BlobFile(dev::UniqueFd file, const Header& header, const Layout& layout);

  [[nodiscard]] base::Result<void, dev::Error> ReadTable(const Header& header);
  [[nodiscard]] base::Result<void, dev::Error> ReadTree();

  // The hash that block `block` of this level of the tree must have, by the level above it.
  [[nodiscard]] Hash HashOfBlock(size_t level, uint64_t block) const;
  [[nodiscard]] zx_status_t ReadBlock(size_t level, uint64_t block, std::span<std::byte> bytes) const;
  [[nodiscard]] zx_status_t ReadStored(uint64_t index, std::vector<std::byte>& stored) const;
  [[nodiscard]] zx_status_t ReadHashes(uint64_t first_page, std::span<Hash> hashes) const;

  dev::UniqueFd file_;
  Layout layout_;
  Hash tree_root_;
  std::vector<uint64_t> places_;          // of the chunks, and where the last one ends
  std::vector<uint32_t> checksums_;       // of their zstd frames
  std::vector<std::vector<Hash>> upper_;  // the levels of the tree above the leaves
};

}  // namespace pager::blob
