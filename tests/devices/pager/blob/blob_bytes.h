// Blobs as bytes, to be damaged: made by the writer, looked at by the reader, through files without names.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "devices/core/unique_fd.h"
#include "devices/pager/blob/blob_file.h"
#include "devices/pager/blob/blob_writer.h"

namespace test {

// No two of the first pages alike.
inline std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(i * 7 + i / base::kPageSize * 13);
  }
  return text;
}

inline dev::UniqueFd FileOf(std::string_view bytes) {
  dev::UniqueFd file(::memfd_create("blob", MFD_CLOEXEC));
  if (::pwrite(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
  return file;
}

inline std::string BytesOf(const dev::UniqueFd& file) {
  std::string bytes(static_cast<size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
  return bytes;
}

inline std::string MakeBlob(std::string_view content, uint64_t chunk_size, int level = 1) {
  const dev::UniqueFd file = FileOf("");
  pager::blob::BlobWriter writer(file.get(), pager::blob::Layout::Create(content.size(), chunk_size).value(), level);
  for (size_t offset = 0; offset < content.size(); offset += chunk_size) {
    const std::string_view chunk = content.substr(offset, chunk_size);
    if (!writer.Add(std::as_bytes(std::span(chunk))).ok()) {
      std::abort();
    }
  }
  if (!writer.Finish().ok()) {
    std::abort();
  }
  return BytesOf(file);
}

inline base::Result<pager::blob::BlobFile, dev::Error> OpenBlob(
    std::string_view bytes, const std::optional<pager::blob::Hash>& digest = std::nullopt) {
  return pager::blob::BlobFile::Open(FileOf(bytes), "blob", digest);
}

inline std::string Flipped(std::string bytes, uint64_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

// Makes header and table agree again after they have been changed, as whoever forges a blob would.
inline void Reseal(std::string& bytes) {
  using pager::blob::kCheckedHeaderSize;
  pager::blob::Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const auto layout = pager::blob::Layout::Create(header.content_size, header.chunk_size);
  const uint64_t table = layout ? layout->chunks() * sizeof(pager::blob::ChunkEntry) : 0;
  const auto all = std::as_bytes(std::span(bytes));
  pager::blob::Sha256Stream check;
  check.Update(all.subspan(sizeof(header), std::min<uint64_t>(table, all.size() - sizeof(header))));
  check.Update(all.first(kCheckedHeaderSize));
  header.check = check.Finish();
  std::memcpy(bytes.data(), &header, sizeof(header));
}

}  // namespace test
