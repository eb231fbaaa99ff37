#include "devices/pager/blob/blob_file.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <zircon/errors.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "devices/pager/pieces.h"

namespace pager::blob {

namespace {

// What is read of the chunk table at a time, so that memory grows with what the file really has.
constexpr size_t kTableStep = 8192;

base::Failure<dev::Error> Bad(std::string_view reason) { return base::Failure{dev::Error{std::string(reason)}}; }

zx_status_t ReadAt(int file, uint64_t offset, std::span<std::byte> bytes) {
  const iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  return ReadFileRange({.descriptor = file, .offset = offset, .length = bytes.size()}, std::span(&piece, 1));
}

base::Result<void, dev::Error> CheckForm(const Header& header, uint64_t file_size) {
  if (file_size < sizeof(Header) || header.magic != kMagic) {
    return Bad("is no blob; `pagoda blob create` makes one of a file");
  }
  if (header.version != kVersion) {
    return Bad("is a blob of version " + std::to_string(header.version) + ", and only version " +
               std::to_string(kVersion) + " is known here");
  }
  return {};
}

base::Failure<dev::Error> Damaged() { return Bad("the header or the table of chunks is damaged"); }

// One for each thread: it is 150 KiB large.
ZSTD_DCtx* Decompressor() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  return context.get();
}

}  // namespace

base::Result<BlobFile, dev::Error> BlobFile::Open(const std::string& path, const std::optional<Hash>& digest) {
  if (path.empty()) {
    return Bad("no path given");
  }
  // Non-blocking so that opening a FIFO returns; it has no meaning for files.
  dev::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    return Bad(path + ": " + std::strerror(errno));
  }
  return Open(std::move(file), path, digest);
}

base::Result<BlobFile, dev::Error> BlobFile::Open(dev::UniqueFd file, const std::string& name,
                                                  const std::optional<Hash>& digest) {
  const auto refuse = [&name](const dev::Error& error) { return Bad(name + ": " + error.message); };
  struct stat status;
  if (::fstat(file.get(), &status) != 0) {
    return Bad(name + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return Bad(name + (S_ISDIR(status.st_mode) ? ": is a directory" : ": is not a regular file"));
  }
  const auto file_size = static_cast<uint64_t>(status.st_size);
  Header header{};
  if (file_size >= sizeof(header) && ReadAt(file.get(), 0, std::as_writable_bytes(std::span(&header, 1))) != ZX_OK) {
    return Bad(name + ": cannot be read");
  }
  if (const auto form = CheckForm(header, file_size); !form.ok()) {
    return refuse(form.error());
  }
  const std::optional<Layout> layout = Layout::Create(header.content_size, header.chunk_size);
  if (!layout) {
    return refuse(Damaged().error);
  }
  if (layout->data_offset() > file_size) {
    return Bad(name + ": is cut short, or its header is damaged");
  }
  BlobFile blob(std::move(file), header, *layout);
  if (const auto table = blob.ReadTable(header); !table.ok()) {
    return refuse(table.error());
  }
  if (blob.file_size() != file_size) {
    return Bad(name + ": has " + std::to_string(file_size) + " bytes, not the " + std::to_string(blob.file_size()) +
               " that it was made with");
  }
  if (const auto tree = blob.ReadTree(); !tree.ok()) {
    return refuse(tree.error());
  }
  if (digest && *digest != blob.digest()) {
    return Bad(name + ": its root is " + ToHex(blob.digest()) + ", not " + ToHex(*digest));
  }
  return blob;
}

BlobFile::BlobFile(dev::UniqueFd file, const Header& header, const Layout& layout)
    : file_(std::move(file)), layout_(layout), tree_root_(header.tree_root), places_{layout.data_offset()} {}

base::Result<void, dev::Error> BlobFile::ReadTable(const Header& header) {
  Sha256Stream check;
  std::vector<ChunkEntry> entries;
  for (uint64_t chunk = 0; chunk < layout_.chunks(); chunk += entries.size()) {
    entries.resize(std::min<uint64_t>(kTableStep, layout_.chunks() - chunk));
    const auto bytes = std::as_writable_bytes(std::span(entries));
    if (ReadAt(file_.get(), layout_.table_offset() + chunk * sizeof(ChunkEntry), bytes) != ZX_OK) {
      return Bad("the table of chunks cannot be read");
    }
    check.Update(bytes);
    for (const ChunkEntry& entry : entries) {
      if (entry.stored_size == 0 || entry.stored_size > ZSTD_compressBound(layout_.chunk_size())) {
        return Damaged();
      }
      places_.push_back(places_.back() + entry.stored_size);
      checksums_.push_back(entry.checksum);
    }
  }
  check.Update(std::as_bytes(std::span(&header, 1)).first(kCheckedHeaderSize));
  if (check.Finish() != header.check) {
    return Damaged();
  }
  return {};
}

base::Result<void, dev::Error> BlobFile::ReadTree() {
  upper_.resize(layout_.levels().empty() ? 0 : layout_.levels().size() - 1);
  // From the root down, so that no level is larger than what is known to be right says.
  for (size_t level = layout_.levels().size(); level-- > 1;) {
    std::vector<Hash>& hashes = upper_[level - 1];
    for (uint64_t block = 0; block < layout_.levels()[level].blocks; ++block) {
      hashes.resize((block + 1) * kHashesPerBlock);
      const auto bytes = std::as_writable_bytes(std::span(hashes).last(kHashesPerBlock));
      if (ReadBlock(level, block, bytes) != ZX_OK) {
        return Bad("the hash tree is damaged");
      }
    }
  }
  return {};
}

Hash BlobFile::HashOfBlock(size_t level, uint64_t block) const {
  return level + 1 == layout_.levels().size() ? tree_root_ : upper_[level][block];
}

zx_status_t BlobFile::ReadBlock(size_t level, uint64_t block, std::span<std::byte> bytes) const {
  const zx_status_t status = ReadAt(file_.get(), layout_.levels()[level].offset + block * base::kPageSize, bytes);
  if (status != ZX_OK) {
    return status;
  }
  return Sha256(bytes) == HashOfBlock(level, block) ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
}

zx_status_t BlobFile::Load(uint64_t index, Chunk& chunk) const {
  std::vector<std::byte> stored;
  if (const zx_status_t status = ReadStored(index, stored); status != ZX_OK) {
    return status;
  }
  const uint64_t content = layout_.ChunkContent(index);
  chunk.Reset(content);
  ZSTD_DCtx* const context = Decompressor();
  if (context == nullptr) {
    return ZX_ERR_IO;
  }
  const size_t size = ZSTD_decompressDCtx(context, chunk.content().data(), content, stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != content) {
    return ZX_ERR_IO_DATA_INTEGRITY;
  }
  return ReadHashes(index * (layout_.chunk_size() / base::kPageSize), chunk.hashes());
}

zx_status_t BlobFile::ReadStored(uint64_t index, std::vector<std::byte>& stored) const {
  stored.resize(places_[index + 1] - places_[index]);
  if (const zx_status_t status = ReadAt(file_.get(), places_[index], stored); status != ZX_OK) {
    return status;
  }
  const uint32_t checksum = ::libdeflate_crc32(0, stored.data(), stored.size());
  return checksum == checksums_[index] ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
}

zx_status_t BlobFile::ReadHashes(uint64_t first_page, std::span<Hash> hashes) const {
  if (layout_.levels().empty()) {
    hashes.front() = tree_root_;  // of a single page
    return ZX_OK;
  }
  std::array<Hash, kHashesPerBlock> block;
  while (!hashes.empty()) {
    const uint64_t skipped = first_page % kHashesPerBlock;
    const uint64_t taken = std::min<uint64_t>(hashes.size(), kHashesPerBlock - skipped);
    const zx_status_t status = ReadBlock(0, first_page / kHashesPerBlock, std::as_writable_bytes(std::span(block)));
    if (status != ZX_OK) {
      return status;
    }
    std::copy_n(block.begin() + static_cast<ptrdiff_t>(skipped), taken, hashes.begin());
    hashes = hashes.subspan(taken);
    first_page += taken;
  }
  return ZX_OK;
}

}  // namespace pager::blob
