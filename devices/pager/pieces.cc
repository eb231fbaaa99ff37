#include "devices/pager/pieces.h"

#include <limits.h>
#include <zircon/errors.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pager {

namespace {

std::byte* At(const iovec& piece, uint64_t offset) { return static_cast<std::byte*>(piece.iov_base) + offset; }

// Takes `bytes` off the front of `pieces`.
void Advance(std::span<iovec>& pieces, size_t bytes) {
  while (!pieces.empty() && bytes >= pieces.front().iov_len) {
    bytes -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (bytes > 0) {
    pieces.front() = {.iov_base = At(pieces.front(), bytes), .iov_len = pieces.front().iov_len - bytes};
  }
}

}  // namespace

std::vector<iovec> Slice(std::span<const iovec> pieces, uint64_t from, uint64_t length) {
  std::vector<iovec> slice;
  for (const iovec& piece : pieces) {
    const uint64_t skipped = std::min<uint64_t>(from, piece.iov_len);
    from -= skipped;
    const uint64_t taken = std::min<uint64_t>(length, piece.iov_len - skipped);
    if (taken > 0) {
      slice.push_back({.iov_base = At(piece, skipped), .iov_len = taken});
      length -= taken;
    }
  }
  return slice;
}

void CopyInto(std::span<const iovec> to, std::span<const std::byte> from) {
  for (const iovec& piece : to) {
    const size_t count = std::min<size_t>(piece.iov_len, from.size());
    if (count > 0) {
      std::memcpy(piece.iov_base, from.data(), count);
    }
    from = from.subspan(count);
  }
}

void CopyOutOf(std::span<const iovec> from, std::span<std::byte> to) {
  for (const iovec& piece : from) {
    const size_t count = std::min<size_t>(piece.iov_len, to.size());
    if (count > 0) {
      std::memcpy(to.data(), piece.iov_base, count);
    }
    to = to.subspan(count);
  }
}

void ZeroFrom(std::span<const iovec> pieces, uint64_t from) {
  for (const iovec& piece : pieces) {
    const uint64_t kept = std::min<uint64_t>(from, piece.iov_len);
    std::memset(At(piece, kept), 0, piece.iov_len - kept);
    from -= kept;
  }
}

zx_status_t ReadFileRange(const FileRange& range, std::span<const iovec> pieces) {
  std::vector<iovec> wanted = Slice(pieces, 0, range.length);
  std::span<iovec> rest(wanted);
  uint64_t done = 0;
  while (done < range.length) {
    const ssize_t size =
        ::preadv(range.descriptor, rest.data(), static_cast<int>(std::min<size_t>(rest.size(), IOV_MAX)),
                 static_cast<off_t>(range.offset + done));
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return ZX_ERR_IO;  // an error of the medium, or the file has shrunk
    }
    Advance(rest, static_cast<size_t>(size));
    done += static_cast<uint64_t>(size);
  }
  ZeroFrom(pieces, range.length);
  return ZX_OK;
}

}  // namespace pager
