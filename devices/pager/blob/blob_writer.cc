#include "devices/pager/blob/blob_writer.h"

#include <libdeflate.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pager::blob {

namespace {

constexpr size_t kTableStep = 8192;

BlobWriter::WriteResult WriteAt(int file, uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno != EINTR) {
      return base::Failure{errno};
    }
    const size_t written = size < 0 ? 0 : static_cast<size_t>(size);
    bytes = bytes.subspan(written);
    offset += written;
  }
  return {};
}

Hash HashOfPage(std::span<const std::byte> bytes) {
  if (bytes.size() == base::kPageSize) {
    return Sha256(bytes);
  }
  std::array<std::byte, base::kPageSize> page{};
  std::memcpy(page.data(), bytes.data(), bytes.size());
  return Sha256(page);
}

}  // namespace

struct BlobWriter::Compressor {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  const std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
  const int level;
  std::vector<std::byte> stored;
};

BlobWriter::BlobWriter(int file, const Layout& layout, int level)
    : file_(file),
      layout_(layout),
      compressor_(new Compressor{.level = level, .stored = {}}),
      end_(layout.data_offset()),
      levels_(layout.levels().size()),
      table_end_(layout.table_offset()) {
  compressor_->stored.resize(ZSTD_compressBound(layout.chunk_size()));
}

BlobWriter::~BlobWriter() = default;

BlobWriter::WriteResult BlobWriter::Add(std::span<const std::byte> chunk) {
  std::vector<std::byte>& stored = compressor_->stored;
  const size_t size = ZSTD_compressCCtx(compressor_->context.get(), stored.data(), stored.size(), chunk.data(),
                                        chunk.size(), compressor_->level);
  if (ZSTD_isError(size) != 0) {
    return base::Failure{ENOMEM};  // nothing else can go wrong with a buffer of that size
  }
  const uint32_t checksum = ::libdeflate_crc32(0, stored.data(), size);
  PAGODA_TRY(WriteAt(file_, end_, std::span(stored).first(size)));
  end_ += size;
  PAGODA_TRY(AddToTable(static_cast<uint32_t>(size), checksum));
  return AddPages(chunk);
}

BlobWriter::WriteResult BlobWriter::AddPages(std::span<const std::byte> chunk) {
  while (!chunk.empty()) {
    const size_t size = std::min<size_t>(chunk.size(), base::kPageSize);
    PAGODA_TRY(AddHash(0, HashOfPage(chunk.first(size))));
    chunk = chunk.subspan(size);
  }
  return {};
}

BlobWriter::WriteResult BlobWriter::AddHash(size_t level, const Hash& hash) {
  if (level == levels_.size()) {
    tree_root_ = hash;
    return {};
  }
  levels_[level].block.push_back(hash);
  if (levels_[level].block.size() == kHashesPerBlock) {
    return WriteBlock(level);
  }
  return {};
}

BlobWriter::WriteResult BlobWriter::WriteBlock(size_t level) {
  Level& current = levels_[level];
  current.block.resize(kHashesPerBlock);
  const auto bytes = std::as_bytes(std::span(current.block));
  PAGODA_TRY(WriteAt(file_, layout_.levels()[level].offset + current.written * base::kPageSize, bytes));
  ++current.written;
  const Hash hash = Sha256(bytes);
  current.block.clear();
  return AddHash(level + 1, hash);
}

BlobWriter::WriteResult BlobWriter::AddToTable(uint32_t stored_size, uint32_t checksum) {
  table_.push_back({.stored_size = stored_size, .checksum = checksum});
  if (table_.size() == kTableStep) {
    return WriteTable();
  }
  return {};
}

BlobWriter::WriteResult BlobWriter::WriteTable() {
  const auto bytes = std::as_bytes(std::span(table_));
  PAGODA_TRY(WriteAt(file_, table_end_, bytes));
  check_.Update(bytes);
  table_end_ += bytes.size();
  table_.clear();
  return {};
}

BlobWriter::WriteResult BlobWriter::Finish() {
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (!levels_[level].block.empty()) {
      PAGODA_TRY(WriteBlock(level));
    }
  }
  PAGODA_TRY(WriteTable());
  Header header{.magic = kMagic,
                .version = kVersion,
                .chunk_size = static_cast<uint32_t>(layout_.chunk_size()),
                .content_size = layout_.content_size(),
                .tree_root = tree_root_,
                .check = {}};
  const auto bytes = std::as_bytes(std::span(&header, 1));
  check_.Update(bytes.first(kCheckedHeaderSize));
  header.check = check_.Finish();
  return WriteAt(file_, 0, bytes);
}

}  // namespace pager::blob
