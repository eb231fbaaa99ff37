#include "devices/pager/remote/memory_grant.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "shared/base/range.h"

namespace pager::remote {

base::Result<std::shared_ptr<const MemoryGrant>, dev::Error> MemoryGrant::Create(
    int file, std::span<const dev::MemoryRegion> regions) {
  dev::UniqueFd own(::fcntl(file, F_DUPFD_CLOEXEC, 0));
  if (!own.valid()) {
    return base::Failure{dev::Error{std::string("cannot share guest memory: ") + std::strerror(errno)}};
  }
  return std::shared_ptr<const MemoryGrant>(new MemoryGrant(std::move(own), {regions.begin(), regions.end()}));
}

uint64_t MemoryGrant::file_size() const {
  uint64_t size = 0;
  for (const dev::MemoryRegion& region : regions_) {
    size += region.host.size();
  }
  return size;
}

std::vector<MemoryRangeEntry> MemoryGrant::ranges() const {
  std::vector<MemoryRangeEntry> ranges;
  uint64_t offset = 0;
  for (const dev::MemoryRegion& region : regions_) {
    ranges.push_back({.address = region.base, .length = region.host.size(), .file_offset = offset});
    offset += region.host.size();
  }
  return ranges;
}

std::optional<std::vector<PieceEntry>> MemoryGrant::Locate(std::span<const iovec> pages) const {
  std::vector<PieceEntry> pieces;
  for (const iovec& page : pages) {
    const auto piece = LocateOne(page);
    if (!piece) {
      return std::nullopt;
    }
    pieces.push_back(*piece);
  }
  return pieces;
}

std::optional<PieceEntry> MemoryGrant::LocateOne(const iovec& piece) const {
  // SAFETY: only the numbers are used, to compare them.
  const auto address = reinterpret_cast<uintptr_t>(piece.iov_base);
  for (const dev::MemoryRegion& region : regions_) {
    const auto start = reinterpret_cast<uintptr_t>(region.host.data());
    if (address >= start && base::RangeFits(address - start, piece.iov_len, region.host.size())) {
      return PieceEntry{.address = region.base + (address - start), .length = piece.iov_len};
    }
  }
  return std::nullopt;
}

base::Result<std::shared_ptr<const GrantedMemory>, dev::Error> GrantedMemory::Adopt(
    dev::UniqueFd file, uint64_t file_size, std::vector<MemoryRangeEntry> ranges, dev::UniqueFd socket) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0 || static_cast<uint64_t>(status.st_size) != file_size) {
    return base::Failure{dev::Error{"guest memory is not of the size announced"}};
  }
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kNeeded) != kNeeded) {
    return base::Failure{dev::Error{"guest memory is not sealed against growing and shrinking"}};
  }
  void* address = ::mmap(nullptr, file_size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) {
    return base::Failure{dev::Error{std::string("cannot map guest memory: ") + std::strerror(errno)}};
  }
  const std::span bytes(static_cast<std::byte*>(address), file_size);
  return std::shared_ptr<const GrantedMemory>(new GrantedMemory(bytes, std::move(ranges), std::move(socket)));
}

GrantedMemory::~GrantedMemory() {
  ::munmap(bytes_.data(), bytes_.size());
  ::shutdown(socket_.get(), SHUT_RDWR);
}

std::optional<std::vector<iovec>> GrantedMemory::Find(std::span<const PieceEntry> pieces, uint64_t length) const {
  std::vector<iovec> pages;
  uint64_t left = length;
  for (const PieceEntry& piece : pieces) {
    const auto memory = FindOne(piece);
    if (!memory || piece.length > left) {
      return std::nullopt;
    }
    left -= piece.length;
    pages.push_back(*memory);
  }
  return left == 0 ? std::optional(std::move(pages)) : std::nullopt;
}

std::optional<iovec> GrantedMemory::FindOne(const PieceEntry& piece) const {
  if (!base::IsPageAligned(piece.address | piece.length) || piece.length == 0) {
    return std::nullopt;
  }
  for (const MemoryRangeEntry& range : ranges_) {
    if (piece.address >= range.address && base::RangeFits(piece.address - range.address, piece.length, range.length)) {
      const auto memory = bytes_.subspan(range.file_offset + (piece.address - range.address), piece.length);
      return iovec{.iov_base = memory.data(), .iov_len = memory.size()};
    }
  }
  return std::nullopt;
}

}  // namespace pager::remote
